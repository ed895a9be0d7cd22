"""The OpenAPI document, held against the running server by schemathesis."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from uuid import UUID

from tests.support.app import Serve
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

EXAMPLES = 10
"""Generated for each operation, besides those at the schema's edges."""

LEFT_OUT = [
    # A message can fit the schema and still be empty: what nobody sees is taken out of it first, and no schema can
    # say so. That is a 400 for data that the schema takes; tests/api/test_refusals.py holds those cases.
    "positive_data_acceptance",
    # Whoever chooses an id for a conversation may choose it again after deleting it: POST /chat begins it anew.
    "use_after_free",
]


HOOKS = {"PYTHONPATH": str(Path(__file__).parents[2]), "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks"}


async def test_no_generated_request_breaks_what_the_schema_promises(
    serve: Serve, model: ModelServer, ada: UUID, tmp_path: Path
) -> None:
    """Statuses, types and bodies are as documented, bad data and missing tokens are refused, nothing is a 5xx."""
    model.always(Text("Yes."))
    frontdesk = await serve(rate_limit=0)
    async with frontdesk.client(ada) as client:
        token = client.headers["authorization"]
    # As a process of its own, because it is not asynchronous and would stand in the server's way.
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run", f"{frontdesk.url}/schema/openapi.json", "--header", f"Authorization: {token}",
        "--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic",
        "--exclude-checks", ",".join(LEFT_OUT), "--continue-on-failure", "--no-color",
        cwd=tmp_path, env={**os.environ, **HOOKS}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    report, _ = await process.communicate()
    await frontdesk.settled()
    assert process.returncode == 0, report.decode()
    assert any(map(streaming, model.requests)), "no request was good enough for the model"
