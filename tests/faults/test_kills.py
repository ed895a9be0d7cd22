"""A server that is killed at any moment of a turn: nothing is lost and nothing comes twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from graph.dependencies import Options, unconnected
from graph.pipeline import build
from tests.faults.kill_points import KILL_POINTS
from tests.faults.killable_turn import KillableTurn, connections_ended, end_connections
from tests.faults.recovered import assert_recovered, done
from tests.support.app import Frontdesk
from tests.support.fork_server import ForkServer
from tests.support.model_server import ModelServer
from tests.support.process import starting

SEEDS = (2, 3, 5)
MOMENTS = 6
"""Random moments for each seed."""

Begin = Callable[..., Awaitable[KillableTurn]]
"""Starts a server for a turn, which halts at the function that is given."""


@pytest.fixture
def role(frontdesk: Frontdesk) -> Iterator[str]:
    """The database role of the servers that are killed, and of nobody else; its password is its name."""
    name = f"killed_{urlsplit(frontdesk.service.url).path[1:]}"
    with psycopg.connect(frontdesk.service.url, autocommit=True) as conn:
        conn.execute(SQL("create role {} superuser login password {}").format(Identifier(name), name))
        yield name
        conn.execute(SQL("drop role {}").format(Identifier(name)))


@pytest.fixture
async def begin(
    forks: ForkServer, frontdesk: Frontdesk, model: ModelServer, role: str, learned: Path
) -> AsyncIterator[Begin]:
    """A new server and a turn for it; `frontdesk` is the server that is not killed."""
    address = urlsplit(frontdesk.service.url)
    url = address._replace(netloc=f"{role}:{role}@{address.hostname}:{address.port}").geturl()
    async with starting(url, model.url, learned, forks) as start:

        async def begin_turn(halt_at: str | None = None) -> KillableTurn:
            return KillableTurn(frontdesk, model, await start(halt_at=halt_at), role)

        yield begin_turn


@pytest.mark.parametrize("name", KILL_POINTS)
async def test_a_turn_is_answered_once_though_its_server_is_killed(begin: Begin, name: str) -> None:
    """Another server answers the message, or nothing of it is stored and it is sent again; all is there once.

    The reader comes back and hears the answer that is stored, never a mixture of two. A model is asked again only for
    what was not stored.
    """
    point = KILL_POINTS[name]
    # What Postgres is doing for the server is finished after one kill, and cancelled with the server in another.
    for ends in (False, True) if point.is_in_postgres else (False,):
        turn = await begin(point.halt_at)
        async with point.reached(turn):
            await turn.kill()
            if ends:
                await end_connections(turn)
        await connections_ended(turn)
        assert await assert_recovered(turn) == point.leaves(cancelled=ends)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_turn_is_answered_once_though_its_server_is_killed_at_a_random_moment(begin: Begin, seed: int) -> None:
    """The same holds between the points that one can think of."""
    random = Random(seed)  # noqa: S311 - the same moments in every run
    usual = await duration(await begin())
    for _ in range(MOMENTS):
        turn, moment = await begin(), random.uniform(0, usual)
        turn.send()
        await asyncio.sleep(moment)
        await turn.kill()
        await connections_ended(turn)
        await assert_recovered(turn)


async def duration(turn: KillableTurn) -> float:
    """Seconds that an undisturbed turn takes, with the work after its answer."""
    began = asyncio.get_running_loop().time()
    turn.send()
    await turn.hears("done")
    await done(turn)
    took = asyncio.get_running_loop().time() - began
    await turn.kill()
    await connections_ended(turn)
    return took


def test_every_node_has_a_kill_point() -> None:
    """A new node needs one, too."""
    nodes = build(unconnected(Options(), "a model", follows_instructions=True)).nodes
    assert {point.node for point in KILL_POINTS.values()} == set(nodes)
