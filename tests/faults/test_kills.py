"""A server that is killed at any moment of a turn: nothing is lost and nothing comes twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from graph.build import build
from graph.dependencies import Options, unconnected
from tests.faults.aftermath import all_is_well, done
from tests.faults.killing import Asked, connections_ended, end_connections
from tests.faults.places import PLACES
from tests.support.app import Frontdesk
from tests.support.fork_server import ForkServer
from tests.support.model_server import ModelServer
from tests.support.process import starting

ENDINGS = (False, True)
"""Whether what Postgres was doing for the server ends with it; otherwise it is still done. One kill each."""
SEEDS = (2, 3, 5, 7, 11)
MOMENTS = 6
"""Random moments for each seed."""

Ask = Callable[..., Awaitable[Asked]]


@pytest.fixture
def role(frontdesk: Frontdesk) -> Iterator[str]:
    """The role as which only the servers to be killed are connected; its password is its name."""
    name = f"killed_{urlsplit(frontdesk.service.url).path[1:]}"
    with psycopg.connect(frontdesk.service.url, autocommit=True) as conn:
        conn.execute(SQL("create role {} superuser login password {}").format(Identifier(name), name))
        yield name
        conn.execute(SQL("drop role {}").format(Identifier(name)))


@pytest.fixture
async def ask(
    forks: ForkServer, frontdesk: Frontdesk, model: ModelServer, role: str, learned: Path
) -> AsyncIterator[Ask]:
    """A message for a new server; `frontdesk` is the one that stays."""
    address = urlsplit(frontdesk.service.url)
    url = address._replace(netloc=f"{role}:{role}@{address.hostname}:{address.port}").geturl()
    async with starting(url, model.url, learned, forks) as start:

        async def begin(halt_at: str | None = None) -> Asked:
            return Asked(frontdesk, model, await start(halt_at=halt_at), role)

        yield begin


@pytest.mark.parametrize("place", PLACES)
async def test_a_turn_is_answered_once_though_its_server_is_killed(ask: Ask, place: str) -> None:
    """All of it is kept, and once: another server answers the message, or nothing of it is there and it is sent again.

    Its reader comes back and hears the answer that is kept, never a mixture of two.
    """
    at = PLACES[place]
    for ends in ENDINGS:
        asked = await ask(at.halt)
        async with at.reached(asked):
            await asked.kill()
            if ends:
                await end_connections(asked)
        await connections_ended(asked)
        assert await all_is_well(asked) == at.left


@pytest.mark.parametrize(
    ("place", "summaries", "facts"),
    [("as it is measured", 1, 1), ("with only its facts kept", 2, 1), ("with only its summary kept", 1, 2)],
)
async def test_what_follows_the_answer_is_paid_once(ask: Ask, place: str, summaries: int, facts: int) -> None:
    """A model is asked again only for what the killed server had not stored yet."""
    asked = await ask()
    async with PLACES[place].reached(asked):
        await asked.kill()
    await connections_ended(asked)
    await all_is_well(asked)
    assert (asked.summaries_asked_for(), asked.facts_asked_for()) == (summaries, facts)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_turn_is_answered_once_though_its_server_is_killed_at_a_random_moment(ask: Ask, seed: int) -> None:
    """The same holds anywhere between the places that one can think of."""
    random = Random(seed)  # noqa: S311 - so that it can be done again
    usual = await duration(await ask())
    for _ in range(MOMENTS):
        asked, moment = await ask(), random.uniform(0, usual)
        asked.send()
        await asyncio.sleep(moment)
        await asked.kill()
        await connections_ended(asked)
        await all_is_well(asked)


async def duration(asked: Asked) -> float:
    """Seconds that a turn takes which nobody disturbs, with what follows it."""
    began = asyncio.get_running_loop().time()
    asked.send()
    await asked.hears("done")
    await done(asked)
    took = asyncio.get_running_loop().time() - began
    await asked.kill()
    await connections_ended(asked)
    return took


def test_every_node_has_a_place_at_which_its_server_is_killed() -> None:
    """Whoever adds a node adds a place to kill it at."""
    nodes = build(unconnected(Options(), "a model", follows_instructions=True)).nodes
    assert {place.node for place in PLACES.values()} == set(nodes)
