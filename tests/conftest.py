"""A real Postgres for every test, each on its own clone of a migrated database; a real model server; the real app."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from api.logging.setup import configure_structlog
from graph.models.factory import LocalModels, open_local_models
from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate
from storage.pool import Pool
from tests.support.app import Frontdesk, Serve, serving
from tests.support.model_server import ModelServer
from tests.support.process import Start, starting

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "400"}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[EmbeddedPostgres]:
    """One embedded Postgres, shared by all test processes."""
    base = tmp_path_factory.getbasetemp()
    folder = base if worker_id == "master" else base.parent
    embedded = EmbeddedPostgres(folder / "postgres", FAST)
    lease = embedded.lease()
    yield embedded
    lease.release()


@pytest.fixture(scope="session")
async def template(cluster: EmbeddedPostgres, worker_id: str) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{worker_id}"
    create_database(cluster, name)
    await migrate(cluster.url(name))
    return name


@pytest.fixture(scope="session", autouse=True)
def _logged() -> None:
    """What is logged goes where pytest finds it."""
    configure_structlog()


_numbers = itertools.count(1)


@pytest.fixture
def database_url(cluster: EmbeddedPostgres, template: str, worker_id: str) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    name = f"test_{worker_id}_{next(_numbers)}"
    create_database(cluster, name, template)
    yield cluster.url(name)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to the test's database."""
    async with Pool.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
async def local(pytestconfig: pytest.Config) -> AsyncIterator[LocalModels]:
    """The real embedding model and the router it taught, loaded once."""
    async with open_local_models(lambda _: None, pytestconfig.cache.mkdir("frontdesk")) as loaded:
        yield loaded


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """A scripted model server of the test's own, speaking the real protocol over HTTP."""
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def serve(database_url: str, model: ModelServer, local: LocalModels, tmp_path: Path) -> AsyncIterator[Serve]:
    """Start the real application on a port of its own; settings as keyword arguments."""
    async with serving(database_url, model.url, local, tmp_path) as start:
        yield start


@pytest.fixture
async def frontdesk(serve: Serve) -> Frontdesk:
    """The application with default settings and verified tokens."""
    return await serve()


@pytest.fixture
async def start(database_url: str, model: ModelServer, pytestconfig: pytest.Config) -> AsyncIterator[Start]:
    """Starts servers as processes of their own, on the same database as the application and with the same model."""
    async with starting(database_url, model.url, Path(pytestconfig.cache.mkdir("frontdesk"))) as begin:
        yield begin


@pytest.fixture
def ada() -> UUID:
    """A user."""
    return uuid4()


@pytest.fixture
def bob() -> UUID:
    """Another user."""
    return uuid4()


def create_database(cluster: EmbeddedPostgres, name: str, template: str = "template1") -> None:
    """Create an empty database, or a clone of another."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        names = (Identifier(name), Identifier(template))
        conn.execute(SQL("create database {} template {}").format(*names))
