"""Cost of the graph: time to the first token and to the last of a 200-token answer, in milliseconds.

Three ways: langchain-openai alone, the pipeline in process, the pipeline over HTTP. The model sends all tokens at
once.

    .venv/bin/python -m bench.first_token [ROUNDS]
"""

import time
from uuid import uuid4

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from bench.environment import QUESTION, Measured, environment, measure, print_medians, run
from graph.turns.manager import SendRequest
from tests.support.app import Frontdesk


async def main(rounds: int) -> None:
    """Measure and print."""
    async with environment() as env:
        frontdesk = await env.serve(rate_limit=0)
        medians = await measure(
            {
                "langchain-openai alone": lambda: _alone(env.model_url),
                "the pipeline": lambda: _pipeline(frontdesk),
                "the pipeline over HTTP": lambda: _http(frontdesk),
            },
            rounds,
        )
    print_medians(("first token", "last token"), medians)


async def _alone(model_url: str) -> Measured:
    chat = ChatOpenAI(model="scripted", base_url=model_url, api_key=lambda: "none", max_retries=0)
    start, first = time.perf_counter(), 0.0
    async for chunk in chat.astream([SystemMessage("You are brief."), HumanMessage(QUESTION)]):
        if chunk.text and not first:
            first = time.perf_counter() - start
    return first, time.perf_counter() - start


async def _pipeline(frontdesk: Frontdesk) -> Measured:
    start, first, last = time.perf_counter(), 0.0, 0.0
    sent = await frontdesk.service.turns.send(SendRequest(uuid4(), QUESTION))
    async for event in sent.turn.follow(heartbeat=60):
        if event and event.name == "token" and not first:
            first = time.perf_counter() - start
        if event and event.is_terminal:
            last = time.perf_counter() - start
    await frontdesk.settled()
    return first, last


async def _http(frontdesk: Frontdesk) -> Measured:
    async with frontdesk.client(uuid4()) as client:
        await client.get("/health/live")  # opens the connection
        start, first, last = time.perf_counter(), 0.0, 0.0
        async with client.stream("POST", "/chat", json={"message": QUESTION}) as response:
            async for line in response.aiter_lines():
                if line == "event: token" and not first:
                    first = time.perf_counter() - start
                if line == "event: done":
                    last = time.perf_counter() - start
    await frontdesk.settled()
    return first, last


if __name__ == "__main__":
    run(main, 30)
