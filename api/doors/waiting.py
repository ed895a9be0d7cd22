"""Follow a turn from its arrival on: also while it waits for its conversation, in whichever process."""

import asyncio
from contextlib import suppress
from uuid import UUID

from api.doors.shared import Events, Failure, Numbered, decoded, follow
from graph.service import Service
from graph.turns.turn import Turn


async def follow_from_arrival(
    service: Service, user_id: UUID, conversation_id: str, turn_id: UUID, *, waits: bool, heartbeat: float
) -> Events:
    """The events of a turn, from the first one on; a refusal is a `Failure`.

    Args:
        waits: whether it is in line, as `ThreadRuns.runs` says.

    Raises:
        Problem: 404, there is no such turn.
    """
    if turn := service.registry.find_any(user_id, turn_id):
        return _here(turn, heartbeat)
    if waits:
        return _once_begun(service, user_id, conversation_id, turn_id, heartbeat)
    events = await follow(service, user_id, turn_id, heartbeat=heartbeat)
    assert events, "a turn has events after none"
    return events


async def _here(turn: Turn, heartbeat: float) -> Events:
    """The events of a turn that this process knows; of one that was refused, why."""
    async for numbered in decoded(turn.follow(heartbeat=heartbeat)):
        yield numbered
    if turn.refusal and not turn.start:
        assert turn.refusal.code != "blocked", "the guard's reply is an answer"
        yield Numbered(1, Failure(turn.refusal.code, turn.refusal.message, retryable=False))


async def _once_begun(service: Service, user_id: UUID, conversation_id: str, turn_id: UUID, heartbeat: float) -> Events:
    """The events of a turn that waits in another process; none where it is withdrawn, or refused."""
    async with service.subscriptions.notified(turn_id) as news:
        while not service.registry.closing:
            news.clear()  # before looking: what comes while looking is looked for again
            found = await service.user_data.thread_runs.runs(user_id, conversation_id, run_id=turn_id, limit=1)
            if not found:
                yield Numbered(1, Failure("conversation_busy", "The message was withdrawn, or refused.", False))
                return
            if found[0]["status"] != "pending":
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), heartbeat)
            yield None
    async for numbered in await follow(service, user_id, turn_id, heartbeat=heartbeat) or _nothing():
        yield numbered


async def _nothing() -> Events:
    return
    yield
