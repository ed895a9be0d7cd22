"""The application on the oldest PostgreSQL and pgvector that README promises."""

import os
import re
from pathlib import Path
from uuid import UUID

import pytest

from graph.models.factory import LocalModels
from storage.migrate import migrate, migrations
from tests.support.app import serving
from tests.support.database import row, rows
from tests.support.model_script import Json, structured
from tests.support.model_server import ModelServer
from tests.support.oldest_postgres import INSTALLED, oldest_postgres

README = Path(__file__).parents[2] / "README.md"
BISCUITS = "The user sells biscuits."
VERSIONS = "select current_setting('server_version'), extversion from pg_extension where extname = 'vector'"

pytestmark = pytest.mark.skipif(
    not INSTALLED.exists() and not os.environ.get("CI"),
    reason="`make oldest-postgres` was not run here; where CI is set, it must have been",
)


async def test_a_turn_is_answered_on_the_oldest_postgres(
    model: ModelServer, local: LocalModels, tmp_path: Path, ada: UUID
) -> None:
    """After all migrations, with what was learned in the turn before; its versions are those that README names."""
    async with oldest_postgres(tmp_path) as url:
        assert await migrate(url) == len(migrations())
        async with serving(url, model.url, local, tmp_path) as start:
            frontdesk = await start()
            model.queue(Json({"facts": [{"fact": BISCUITS, "confidence": 0.9, "replaces": []}]}), structured)
            await frontdesk.chat(ada, "I sell biscuits")
            answer = await frontdesk.chat(ada, "What do I sell?")
        (done,) = answer.named("done")
        assert len(done["facts_used"]) == 1
        assert await rows(url, "select status from chat_turns") == [("done",)] * 2
        versions = await row(url, VERSIONS)
    promised = re.search(r"PostgreSQL (\d+)\+ with pgvector ([\d.]+)\+", README.read_text())
    assert promised is not None
    for version, least in zip(versions, promised.groups(), strict=True):
        assert version.startswith(f"{least}.")
