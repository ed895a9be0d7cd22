"""A server that is killed at any moment of a turn: nothing is lost and nothing comes twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
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
from tests.faults.recovered import assert_recovered, done, left_of
from tests.support.app import Frontdesk
from tests.support.fork_server import ForkServer
from tests.support.model_server import ModelServer
from tests.support.process import starting

SEEDS = (2, 3, 5)
KILLS = 2
"""Servers that are killed for each seed."""
TOGETHER = 3
"""Turns that each of them runs then, each at a random moment of its own."""

Begin = Callable[..., Awaitable[list[KillableTurn]]]
"""Starts a server for so many turns, which halts at the function that is given."""


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
    """A new server and turns for it; `frontdesk` is the server that is not killed."""
    address = urlsplit(frontdesk.service.url)
    url = address._replace(netloc=f"{role}:{role}@{address.hostname}:{address.port}").geturl()
    async with starting(url, model.url, learned, forks) as start:

        async def begin_turns(count: int, halt_at: str | None = None) -> list[KillableTurn]:
            server = await start(halt_at=halt_at)
            return [KillableTurn(frontdesk, model, server, role) for _ in range(count)]

        yield begin_turns


@pytest.mark.parametrize("name", KILL_POINTS)
async def test_a_turn_is_answered_once_though_its_server_is_killed(begin: Begin, name: str) -> None:
    """Another server answers the message, or nothing of it is stored and it is sent again; all is there once.

    The reader comes back and hears the answer that is stored, never a mixture of two. A model is asked again only for
    what was not stored.
    """
    point = KILL_POINTS[name]
    # What Postgres is doing for the server is finished after one kill, and cancelled with the server in another.
    for ends in (False, True) if point.is_in_postgres else (False,):
        (turn,) = await begin(1, point.halt_at)
        async with point.reached(turn):
            await turn.kill()
            if ends:
                await end_connections(turn)
        await connections_ended(turn)
        left = await left_of(turn)
        assert left.status == point.leaves(cancelled=ends)
        await assert_recovered(left)


@pytest.mark.parametrize("seed", SEEDS)
async def test_turns_are_answered_once_though_their_server_is_killed_at_a_random_moment(
    begin: Begin, seed: int
) -> None:
    """The same holds between the points that one can think of."""
    random = Random(seed)  # noqa: S311 - the same moments in every run
    usual = await duration(await begin(TOGETHER))
    for _ in range(KILLS):
        turns = await begin(TOGETHER)
        moments = sorted((random.uniform(0, usual) for _ in turns), reverse=True)
        for turn, moment, following in zip(turns, moments, [*moments[1:], 0], strict=True):
            turn.send()
            await asyncio.sleep(moment - following)
        await killed(turns)
        for left in [await left_of(turn) for turn in turns]:
            await assert_recovered(left)


async def duration(turns: Sequence[KillableTurn]) -> float:
    """Seconds that undisturbed turns take together, with the work after their answers."""
    began = asyncio.get_running_loop().time()
    for turn in turns:
        turn.send()
    for turn in turns:
        await turn.hears("done")
        await done(turn)
    took = asyncio.get_running_loop().time() - began
    await killed(turns)
    return took


async def killed(turns: Sequence[KillableTurn]) -> None:
    """Kill the server of the turns, and let Postgres finish what it was doing for it."""
    for turn in turns:
        await turn.kill()
    await connections_ended(turns[0])


def test_every_node_has_a_kill_point() -> None:
    """A new node needs one, too."""
    nodes = build(unconnected(Options(), "a model", follows_instructions=True)).nodes
    assert {point.node for point in KILL_POINTS.values()} == set(nodes)
