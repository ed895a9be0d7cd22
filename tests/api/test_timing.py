"""Where the time to the first token went."""

import asyncio
import re
from uuid import UUID

import httpx

from tests.support.app import Frontdesk
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

STEPS = ("guard_ms", "wait_ms", "route_ms", "memory_ms", "model_ms")


def in_header(headers: httpx.Headers) -> dict[str, float]:
    """The steps that `Server-Timing` names."""
    return {f"{step}_ms": float(ms) for step, ms in re.findall(r"(\w+);dur=([\d.]+)", headers["server-timing"])}


async def test_the_steps_are_told_as_far_as_they_are_over(frontdesk: Frontdesk, ada: UUID) -> None:
    """By the header what was known before the model was asked, by `done` all of it."""
    answer = await frontdesk.chat(ada, "Hello")
    (done,) = answer.named("done")
    assert in_header(answer.headers) == {step: done["timing"][step] for step in STEPS[:3]}
    assert tuple(done["timing"]) == STEPS
    assert done["timing"]["wait_ms"] == 0, "it was the first in its conversation"
    assert sum(done["timing"].values()) >= done["ttft_ms"] - 1, "together they are all of it, but for rounding"


async def test_waiting_for_the_conversation_is_a_step_of_its_own(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Where the message has waited; the document has the field, too."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    model.queue(Text("Second answer."), streaming)
    sent, headers = {"message": "second", "conversation_id": "c-1"}, {"Accept": "application/json"}
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        await until(events, "token")
        second = asyncio.create_task(client.post("/chat", json=sent, headers=headers))
        await in_line(frontdesk.service.url, 1)
        gate.set()
        await until(events, "done")
        answer = await second
    timing = answer.json()["timing"]
    assert in_header(answer.headers) == {step: timing[step] for step in STEPS[:3]}
    assert timing["wait_ms"] > 0
    await frontdesk.settled()
