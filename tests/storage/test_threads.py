"""Threads without a message, and metadata that grows."""

from uuid import UUID

import pytest

from storage import threads as module
from storage.conversations import Conversations
from storage.pool import Pool
from storage.threads import MAX_METADATA_BYTES, MetadataTooLarge, Threads, TooManyThreads
from tests.storage.rows import Owner, accepted, save_accepted


async def test_a_user_has_so_many_threads_without_a_message(
    pool: Pool, ada: UUID, bob: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are conversations do not count, nor do another user's."""
    monkeypatch.setattr(module, "MOST_EMPTY", 2)
    threads = Threads(pool)
    for name in ("c-1", "c-2"):
        assert await threads.create(ada, name, {})
    with pytest.raises(TooManyThreads):
        await threads.create(ada, "c-3", {})
    await save_accepted(pool, ada, accepted("Hello"))
    assert await threads.create(ada, "c-3", {})
    assert await threads.create(bob, "c-3", {})
    assert not await threads.create(ada, "c-1", {"a": 1})


async def test_a_thread_without_a_message_is_kept_for_a_day(pool: Pool, owner: Owner, ada: UUID) -> None:
    """It is deleted when its user makes another; a conversation's stays, and goes with that."""
    threads = Threads(pool)
    for name in ("c-1", "c-2", "c-3"):
        await threads.create(ada, name, {"name": name})
        owner.execute("update chat_threads set created_at = now() - interval '23 hours'")
    await save_accepted(pool, ada, accepted("Hello"))
    owner.execute("update chat_threads set created_at = now() - interval '2 days' where convo_id <> 'c-2'")
    await threads.create(ada, "c-4", {})
    kept = {thread["thread_id"] for thread in await threads.search(ada, limit=9)}
    await Conversations(pool).delete(ada, "c-1")
    left = {thread["thread_id"] for thread in await threads.search(ada, limit=9)}
    assert (kept, left) == ({"c-1", "c-2", "c-4"}, {"c-2", "c-4"})


async def test_metadata_grows_to_its_limit(pool: Pool, ada: UUID) -> None:
    """What would be too much changes nothing."""
    threads = Threads(pool)
    half = "a" * (MAX_METADATA_BYTES // 2)
    await threads.create(ada, "c-1", {"one": half})
    for metadata in ({"two": half}, {"two": half * 2}):
        with pytest.raises(MetadataTooLarge):
            await threads.merge(ada, "c-1", metadata)
    await threads.merge(ada, "c-1", {"one": 1})
    found = await threads.find(ada, "c-1")
    assert found
    assert found["metadata"] == {"one": 1}
