"""A real Postgres for every test, each on its own clone of a migrated database; a real model server; the real app."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.logging.setup import configure_structlog
from api.routes import chat
from graph.models.factory import LocalModels, open_local_models
from storage.migrate import migrate
from storage.pool import Pool
from tests.support.app import Frontdesk, Serve, serving
from tests.support.cluster import Cluster
from tests.support.database import SharedDatabase
from tests.support.fork_server import ForkServer, fork_server
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres, copied
from tests.support.process import Start, starting


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this run, for what all test processes share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def cluster(run_folder: Path) -> Iterator[Cluster]:
    """One embedded Postgres, shared by all test processes."""
    with Cluster(run_folder / "postgres").opened() as opened:
        yield opened


@pytest.fixture(scope="session")
async def template(cluster: Cluster, worker_id: str) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{worker_id}"
    await migrate(cluster.create(name))
    return name


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a migrated server that does not run."""
    folder = tmp_path_factory.mktemp("migrated") / "postgres"
    async with Postgres.open(folder) as server:
        await migrate(server.url())
    return folder


@pytest.fixture
async def postgres(migrated: Path, tmp_path: Path) -> AsyncIterator[Postgres]:
    """A migrated server of the test's own."""
    async with Postgres.open(copied(migrated, tmp_path)) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _logged() -> None:
    """What is logged goes where pytest finds it."""
    configure_structlog()


@pytest.fixture(scope="session", autouse=True)
def _patient() -> None:
    """A message that is refused has its status, however busy the machine is."""
    chat.STATUS_SECONDS = 60.0


_numbers = itertools.count(1)


@pytest.fixture
def database_url(cluster: Cluster, template: str, worker_id: str) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    name = f"test_{worker_id}_{next(_numbers)}"
    yield cluster.create(name, template)
    cluster.drop(name)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to the test's database."""
    async with Pool.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def learned(pytestconfig: pytest.Config) -> Path:
    """A data directory that the servers of a test process share."""
    return Path(pytestconfig.cache.mkdir("frontdesk"))


@pytest.fixture(scope="session")
async def local() -> AsyncIterator[LocalModels]:
    """The real embedding model and the real router, loaded once."""
    async with open_local_models(lambda _: None) as loaded:
        yield loaded


@pytest.fixture(scope="session")
async def model_server() -> AsyncIterator[ModelServer]:
    """The scripted model server of this test process."""
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def model(model_server: ModelServer) -> AsyncIterator[ModelServer]:
    """A model server that speaks the real protocol over HTTP, with a script of the test's own."""
    yield model_server
    await model_server.reset()


@pytest.fixture
async def serve(database_url: str, model: ModelServer, local: LocalModels, tmp_path: Path) -> AsyncIterator[Serve]:
    """Start the real application on a port of its own; settings as keyword arguments."""
    async with serving(database_url, model.url, local, tmp_path) as start:
        yield start


@pytest.fixture
def frontdesk(request: pytest.FixtureRequest) -> Frontdesk:
    """The application with default settings and verified tokens, without any user.

    Tests share one, which saves the start and a database; a test that does more than talk to it gets one of its own.
    """
    own = request.node.get_closest_marker("own_app") or not MORE.isdisjoint(request.fixturenames)
    app: Frontdesk = request.getfixturevalue("own_frontdesk" if own else "shared_frontdesk")
    return app


MORE = {"serve", "start", "database_url", "cluster", "postgres", "monkeypatch"}
"""Fixtures of tests that change the application, its database or its surroundings."""


@pytest.fixture
async def own_frontdesk(serve: Serve) -> Frontdesk:
    """An application for one test."""
    return await serve()


@pytest.fixture(scope="session")
async def running_frontdesk(
    cluster: Cluster,
    template: str,
    model_server: ModelServer,
    local: LocalModels,
    worker_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Frontdesk]:
    """An application for all tests of this process."""
    url, folder = cluster.create(f"shared_{worker_id}", template), tmp_path_factory.mktemp("shared")
    async with serving(url, model_server.url, local, folder) as start:
        yield await start()


@pytest.fixture(scope="session")
async def running_database(running_frontdesk: Frontdesk) -> AsyncIterator[SharedDatabase]:
    """The database of that application."""
    async with SharedDatabase.open(running_frontdesk.service.url) as database:
        yield database


@pytest.fixture
async def shared_frontdesk(
    running_frontdesk: Frontdesk, running_database: SharedDatabase, model: ModelServer
) -> AsyncIterator[Frontdesk]:
    """That application, without what other tests did in it."""
    await running_database.empty()
    before = await running_database.schema()
    running_frontdesk.close_breaker()
    yield running_frontdesk
    await running_frontdesk.settled()
    assert await running_database.schema() == before, "a test that leaves the schema changed needs the mark own_app"


@pytest.fixture(scope="session")
async def forks(run_folder: Path) -> AsyncIterator[ForkServer]:
    """Forks servers, quickly; shared by all test processes."""
    async with fork_server(run_folder / "forks") as server:
        yield server


@pytest.fixture
async def start(database_url: str, model: ModelServer, learned: Path, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers as processes of their own, on the same database as the application and with the same model."""
    async with starting(database_url, model.url, learned, forks) as begin:
        yield begin


@pytest.fixture
def ada() -> UUID:
    """A user."""
    return uuid4()


@pytest.fixture
def bob() -> UUID:
    """Another user."""
    return uuid4()
