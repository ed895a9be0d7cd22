"""Cost of doors: CPU of a turn through each, against POST /chat.

The scripted model sends 200 tokens in a second to 10 turns at once; all are streamed. Rounds of the ways
alternate in one process, which is server and clients. Prints its CPU per turn, as medians in milliseconds.

    .venv/bin/python -m bench.doors [ROUNDS]
"""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import uuid4

from bench.environment import QUESTION, Measured, environment, measure, print_medians, run
from tests.support.app import Frontdesk

TURNS = 10
PACE = 0.005
"""Seconds between two tokens."""
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "POST /chat": ("/chat", {"message": QUESTION}),
    "chat completions": (
        "/v1/chat/completions",
        {"model": "frontdesk", "stream": True, "store": True, "messages": [{"role": "user", "content": QUESTION}]},
    ),
    "responses": ("/v1/responses", {"model": "frontdesk", "stream": True, "input": QUESTION}),
    "LangGraph": (
        "/langgraph/runs/stream",
        {
            "assistant_id": "frontdesk",
            "stream_mode": "messages-tuple",
            "on_completion": "keep",
            "input": {"messages": [{"type": "human", "content": QUESTION}]},
        },
    ),
    "AI SDK": (
        "/api/chat",
        {"id": "c", "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": QUESTION}]}]},
    ),
    "AG-UI": ("/ag-ui", {"threadId": "t", "runId": "r", "messages": [{"role": "user", "content": QUESTION}]}),
}


async def main(rounds: int) -> None:
    """Measure and print."""
    async with environment(PACE) as env:
        frontdesk = await env.serve(rate_limit=0)
        ways = {name: partial(_cpu, frontdesk, path, body) for name, (path, body) in WAYS.items()}
        medians = await measure(ways, rounds, warm_up=1)
    print_medians(("CPU per turn",), medians)


async def _cpu(frontdesk: Frontdesk, path: str, body: dict[str, Any]) -> Measured:
    start = time.process_time()
    await asyncio.gather(*(_send(frontdesk, path, body) for _ in range(TURNS)))
    await frontdesk.settled()
    return ((time.process_time() - start) / TURNS,)


async def _send(frontdesk: Frontdesk, path: str, body: dict[str, Any]) -> None:
    async with frontdesk.client(uuid4()) as client, client.stream("POST", path, json=body) as response:
        assert response.status_code == 200
        async for _ in response.aiter_raw():
            pass


if __name__ == "__main__":
    run(main, 8)
