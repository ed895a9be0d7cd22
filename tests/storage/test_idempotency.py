"""What a client's key stands for, however many processes claim it and die."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import pytest

from storage import leases
from storage.errors import LeaseLost
from storage.idempotency import Claim, IdempotencyKeys
from storage.leases import Leases, Pending
from storage.pool import Pool
from storage.rate_limits import Admission, RateLimits
from storage.turns import Turns
from tests.storage.rows import Owner, accepted, rows

KEY = "a key"
BODY, OTHER_BODY = "0" * 64, "1" * 64
LAPSE = "update chat_idempotency set lease_until = now() - interval '1 second' where lease_until is not null"
SEEDS = (2, 3)
ROUNDS = 10


@dataclass
class Process:
    """A server, as far as it has to do with one key of one user; it sleeps between any two of its steps."""

    pool: Pool
    user: UUID
    id: UUID = field(default_factory=uuid4)

    async def claim(self, body: str = BODY) -> Claim:
        """Somebody sends the message to it."""
        return await IdempotencyKeys(self.pool, self.id).claim(self.user, KEY, body, uuid4())

    async def take(self, turn: UUID) -> None:
        """The turn gets its place in line."""
        await Admission(self.pool, RateLimits(self.pool, 0), self.id).admit(self.user, str(turn), turn, has_key=True)

    async def accept(self, turn: UUID) -> None:
        """The turn's time has come."""
        await Turns(self.pool, self.id).accept(self.user, turn, accepted(conversation=str(turn)))

    async def run(self, turn: UUID) -> bool:
        """The whole way; says whether the turn was accepted."""
        try:
            await self.take(turn)
            await self.accept(turn)
        except LeaseLost:
            await self.give_up(turn)
            return False
        return True

    async def give_up(self, turn: UUID) -> None:
        """The turn ends before it is accepted."""
        await IdempotencyKeys(self.pool, self.id).give_up(self.user, turn)

    async def renew(self, turn: UUID) -> bool:
        """A sign of life; says whether the key is still the turn's."""
        return turn in await Leases(self.pool, self.id).renew_pending([Pending(self.user, turn)])


@pytest.fixture
def here(pool: Pool, ada: UUID) -> Process:
    """A process."""
    return Process(pool, ada)


@pytest.fixture
def there(pool: Pool, ada: UUID) -> Process:
    """Another process."""
    return Process(pool, ada)


async def test_a_key_stays_its_messages_as_long_as_its_process_lives(
    here: Process, there: Process, owner: Owner
) -> None:
    """However long ago it was claimed: leases are what counts, and each sign of life renews them."""
    turn = (await here.claim())["turn_id"]
    owner.execute(
        "update chat_idempotency"
        " set lease_until = now() + interval '1 second', created_at = created_at - interval '10 minutes'"
    )
    assert await here.renew(turn)
    assert rows(owner, "select lease_until > now() + interval '10 seconds' from chat_idempotency") == [(True,)]
    assert await there.claim() == {"turn_id": turn, "body_hash": BODY, "mine": False}
    assert (await there.claim(OTHER_BODY))["body_hash"] == BODY
    assert await here.run(turn)


LAPSES = {
    "its lease has run out": LAPSE,
    "its process is gone": "update chat_idempotency set lease_until = lease_until - interval '4 seconds'",
    "the clock was set back": "update chat_idempotency set lease_until = lease_until + interval '1 hour'",
}


@pytest.mark.parametrize("lapse", LAPSES.values(), ids=LAPSES.keys())
async def test_a_dead_processs_key_is_claimed_anew(
    here: Process, there: Process, owner: Owner, monkeypatch: pytest.MonkeyPatch, lapse: str
) -> None:
    """For a new turn, and its place in line goes; whoever only slept finds both gone and stores nothing."""
    monkeypatch.setitem(leases.TERMS, "settling", 0)  # the tests' server has just begun
    slept = (await here.claim())["turn_id"]
    await here.take(slept)
    owner.execute(lapse.encode())
    again = await there.claim()
    assert again["mine"]
    assert rows(owner, "select from chat_queue") == []
    assert not await here.renew(slept)
    with pytest.raises(LeaseLost):
        await here.accept(slept)
    await here.give_up(slept)
    assert await there.run(again["turn_id"])
    assert rows(owner, "select turn_id from chat_messages") == [(again["turn_id"],)]


async def test_who_slept_before_its_place_gets_none(here: Process, there: Process, owner: Owner) -> None:
    """Not even when the other turn has been refused by then and the key stands for nothing."""
    slept = (await here.claim())["turn_id"]
    owner.execute(LAPSE)
    again = (await there.claim())["turn_id"]
    with pytest.raises(LeaseLost):
        await here.take(slept)
    await there.give_up(again)
    with pytest.raises(LeaseLost):
        await here.take(slept)
    assert rows(owner, "select from chat_queue") == []


async def test_who_slept_and_was_not_missed_goes_on(here: Process, there: Process, owner: Owner) -> None:
    """The key is still its own, and stands for its turn from then on."""
    turn = (await here.claim())["turn_id"]
    owner.execute(LAPSE)
    assert await here.run(turn)
    owner.execute(LAPSE)
    assert await there.claim() == {"turn_id": turn, "body_hash": BODY, "mine": False}


async def test_the_key_of_a_deleted_turn_is_free(here: Process, there: Process, owner: Owner) -> None:
    """And of none that is there, whatever became of it, until it has failed and its process says so."""
    turn = (await here.claim())["turn_id"]
    assert await here.run(turn)
    await here.give_up(turn)
    assert not (await there.claim())["mine"]
    owner.execute("update chat_turns set status = 'failed'")
    await there.give_up(turn)  # it is not theirs
    assert not (await there.claim())["mine"]
    await here.give_up(turn)
    again = await there.claim()
    assert again["mine"]
    assert await there.run(again["turn_id"])
    owner.execute("delete from chat_conversations")
    assert (await here.claim())["mine"]


async def test_between_its_acceptance_and_a_new_claim_one_wins(here: Process, there: Process, owner: Owner) -> None:
    """A turn that slept past its lease is just being accepted when somebody sends its message again."""
    for _ in range(20):
        slept = (await here.claim())["turn_id"]
        await here.take(slept)
        owner.execute(LAPSE)
        claim, lost = await asyncio.gather(there.claim(), here.accept(slept), return_exceptions=True)
        assert isinstance(claim, dict)
        assert claim["mine"] == isinstance(lost, LeaseLost)
        assert rows(owner, "select count(*) from chat_turns") == [(0 if claim["mine"] else 1,)]
        owner.execute("delete from chat_users")


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_the_order_of_deaths_one_turn_is_accepted(pool: Pool, owner: Owner, seed: int) -> None:
    """Four processes claim, sleep, are refused, die and go on, all at once, while leases run out again and again.

    At the end somebody's turn is accepted, the message is stored once, and the key stands for that turn.
    """
    random = Random(seed)  # noqa: S311 - so that it can be done again
    for _ in range(ROUNDS):
        user = uuid4()
        await told_apart(owner, [Process(pool, user) for _ in range(4)], random)
        ((turns, messages, claims),) = rows(
            owner,
            "select (select array_agg(turn_id) from chat_turns), (select array_agg(turn_id) from chat_messages),"
            " (select array_agg(turn_id) from chat_idempotency)",
        )
        assert turns == messages == claims
        assert len(turns) == 1
        owner.execute("delete from chat_users")


async def told_apart(owner: Owner, processes: list[Process], random: Random) -> None:
    """Each gets the message again and again until it is accepted, and sleeps between any two of its steps."""
    done = asyncio.Event()

    async def sleep() -> None:
        await asyncio.sleep(random.choice((0, 0, 0.01, 0.03)))

    async def serve(process: Process) -> None:
        while not done.is_set():
            await sleep()
            claim = await process.claim()
            if claim["mine"] and random.random() < 0.8:  # else it dies
                with suppress(LeaseLost):
                    await sleep()
                    await process.take(claim["turn_id"])
                    await sleep()
                    if random.random() < 0.3:
                        await process.give_up(claim["turn_id"])
                        await sleep()
                    await process.accept(claim["turn_id"])

    async def time_passes() -> None:
        while not rows(owner, "select from chat_turns"):
            await asyncio.to_thread(owner.execute, LAPSE)
            await asyncio.sleep(0.005)
        for _ in range(10):  # nothing happens any more
            await asyncio.to_thread(owner.execute, LAPSE)
            await asyncio.sleep(0.005)
        done.set()

    await asyncio.gather(time_passes(), *map(serve, processes))
