"""The running server against its own OpenAPI document, by schemathesis."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from uuid import UUID

import pytest
from litestar import Router

from api.doors.all import DOORS
from tests.support.app import Serve
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

EXAMPLES = 5
"""Generated for each operation, besides those at the schema's edges."""

EXCLUDED_CHECKS = [
    # A message can fit the schema and still be empty once invisible characters are removed, which no schema can
    # express. It is refused with 400; tests/api/test_refusals.py has those cases.
    "positive_data_acceptance",
    # A client may use the id of a deleted conversation again: POST /chat starts a new one.
    "use_after_free",
]


HOOKS = {"PYTHONPATH": str(Path(__file__).parents[2]), "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks"}


ENDLESS = "/langgraph/threads/{thread_id}/stream/events"
"""Streams until the client leaves, for which the fuzzer waits; tests/doors/test_langgraph_threads.py reads it."""

DOOR_TAGS = [tag for router in DOORS if isinstance(router, Router) for tag in router.tags]
OWN = [option for tag in DOOR_TAGS for option in ("--exclude-tag", tag)]
OF_DOORS = [["--include-tag", tag, "--phases", "examples,fuzzing"] for tag in DOOR_TAGS]


@pytest.mark.parametrize(
    ("chosen", "unchecked"),
    [
        (OWN, EXCLUDED_CHECKS),
        # Their bodies are nested, so that the edges of each field would be thousands of requests. What they do not
        # know they ignore. One after the other, or what one refuses uses up the user's refusals for all.
        *((of_door, [*EXCLUDED_CHECKS, "negative_data_rejection"]) for of_door in OF_DOORS),
    ],
    ids=["own", *DOOR_TAGS],
)
async def test_every_response_is_as_the_document_describes_it(
    serve: Serve, model: ModelServer, ada: UUID, tmp_path: Path, chosen: list[str], unchecked: list[str]
) -> None:
    """Statuses, types and bodies match, bad data and missing tokens are refused, and nothing is a 5xx."""
    model.always(Text("Yes."))
    frontdesk = await serve(rate_limit=0)
    async with frontdesk.client(ada) as client:
        token = client.headers["authorization"]
    # In a process of its own, because it is not asynchronous and would block the server.
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run", f"{frontdesk.url}/schema/openapi.json", "--header", f"Authorization: {token}",
        "--max-examples", str(EXAMPLES), "--seed", "2", "--generation-deterministic",
        "--exclude-path", ENDLESS, "--exclude-checks", ",".join(unchecked), "--continue-on-failure", "--no-color",
        *chosen,
        cwd=tmp_path, env={**os.environ, **HOOKS}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    report, _ = await process.communicate()
    await frontdesk.settled()
    assert process.returncode == 0, report.decode()
    if chosen is OWN:  # at the doors a random name is no model's
        assert any(map(streaming, model.requests)), "no request reached the model"
