"""Nothing grows for ever."""

from uuid import UUID, uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint

from storage.checkpoints import checkpointer
from storage.journal import Batch, Journal, Told
from storage.keys import Keys
from storage.limits import Limits
from storage.pool import Pool
from storage.pruning import Pruning
from storage.queue import Queue
from tests.storage.rows import Owner, accepted, heard, rows

NOTHING = {"events": 0, "limits": 0, "keys": 0, "places": 0, "threads": 0}


async def lived(pool: Pool, url: str, user: UUID) -> UUID:
    """A row in each of the tables; returns the turn."""
    turn_id = await heard(pool, user, accepted())
    told = Told(event="token", data={"text": "Hello"})
    await Journal(pool).write([Batch(user_id=user, turn_id=turn_id, first=1, events=[told])])
    await Limits(pool, 8).take(user)
    await Keys(pool).claim(user, "a key", "0" * 64, turn_id)
    await Queue(pool).take(user, "c-1", uuid4(), claimed=False)
    config: RunnableConfig = {"configurable": {"thread_id": str(turn_id), "checkpoint_ns": ""}}
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"message": ["words"]}
    checkpoint["channel_versions"] = {"message": "1"}
    async with checkpointer(url) as saver:
        await saver.aput(config, checkpoint, {"step": 0}, {"message": "1"})
    return turn_id


async def test_what_is_young_stays(pool: Pool, database_url: str, ada: UUID) -> None:
    """However often somebody looks."""
    await lived(pool, database_url, ada)
    for _ in range(2):
        assert await Pruning(pool, 24).prune() == NOTHING


async def test_what_is_old_goes(pool: Pool, database_url: str, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Of all users; what was said stays, and what is young stays with it."""
    await lived(pool, database_url, ada)
    owner.execute("update chat_turn_events set created_at = now() - interval '25 hours'")
    owner.execute("update chat_rate_limits set created_at = now() - interval '3 hours'")
    owner.execute("update chat_idempotency set created_at = now() - interval '25 hours'")
    owner.execute("update chat_queue set lease_until = now() - interval '2 minutes'")
    owner.execute(
        "update langgraph.checkpoints set checkpoint = jsonb_set(checkpoint, '{ts}', to_jsonb(now() - interval '25 h'))"
    )
    young = await lived(pool, database_url, bob)
    assert await Pruning(pool, 24).prune() == dict.fromkeys(NOTHING, 1)
    assert await Pruning(pool, 24).prune() == NOTHING
    assert rows(owner, "select thread_id from langgraph.checkpoints") == [(str(young),)]
    assert rows(owner, "select distinct thread_id from langgraph.checkpoint_blobs") == [(str(young),)]
    assert len(rows(owner, "select * from chat_messages")) == 2


async def test_a_place_from_before_the_clock_was_set_back_goes(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """Its lease would run for as long as the clock was set back by."""
    await lived(pool, database_url, ada)
    owner.execute("update chat_queue set lease_until = now() + interval '1 hour'")
    assert (await Pruning(pool, 24).prune())["places"] == 1


async def test_the_time_to_keep_can_be_set(pool: Pool, database_url: str, owner: Owner, ada: UUID) -> None:
    """In hours, also in parts of them."""
    await lived(pool, database_url, ada)
    owner.execute("update chat_turn_events set created_at = now() - interval '10 minutes'")
    assert (await Pruning(pool, 1).prune())["events"] == 0
    assert (await Pruning(pool, 0.1).prune())["events"] == 1
