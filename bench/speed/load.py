"""Sends messages and notes when what came back, in a process of its own, so that it disturbs nothing it measures.

Reads a plan as JSON from standard input and prints a result as JSON. `run_load` does both from outside.

    .venv/bin/python -m bench.speed.load < plan.json
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Self, cast

import uvloop


@dataclass
class Markers:
    """What in a response's body is a token, and what is its end."""

    token: str
    end: str


@dataclass
class Plan:
    """Requests, each as the bytes of HTTP/1.1, and how they are sent.

    `concurrency` clients send one after the other: client n sends requests n, n + concurrency and so on, with `gap`
    seconds between an answer and its next request.
    """

    port: int
    concurrency: int
    gap: float
    markers: Markers
    requests: list[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """A plan from JSON."""
        fields = json.loads(text)
        return cls(**fields | {"markers": Markers(**fields["markers"])})


@dataclass
class Answered:
    """When a request was sent and its first token, its last token and its end arrived; seconds, monotonic."""

    sent: float
    first: float
    last: float
    end: float


@dataclass
class Result:
    """All answers, in the order of the requests, and the seconds from the first request to the last end."""

    seconds: float
    answers: list[Answered]


class Client(asyncio.Protocol):
    """One connection, which is kept."""

    def __init__(self, markers: Markers) -> None:
        self._token, self._end = markers.token.encode(), markers.end.encode()
        self._body = b""
        self._answer = Answered(0, 0, 0, 0)
        self._answered: asyncio.Future[Answered] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none, by class

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._fail(f"the connection was closed: {exc}")

    async def ask(self, request: bytes) -> Answered:
        """Send a request and wait for the end of its response.

        Raises:
            RuntimeError: it is no answer.
        """
        self._answered = asyncio.get_running_loop().create_future()
        self._body, self._answer = b"", Answered(time.monotonic(), 0, 0, 0)
        self._transport.write(request)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        """Note the time of what is new."""
        now = time.monotonic()
        new = self._body[-len(self._token) :] + data  # a marker may come in two reads
        self._body += data
        if self._token in new:
            self._answer.first = self._answer.first or now
            self._answer.last = now
        if not self._answer.end and self._end in new:
            self._answer.end = now
        if self._body.endswith(b"\r\n0\r\n\r\n"):
            self._complete()
        elif not self._body.startswith(b"HTTP/1.1 200"):
            self._fail("no answer")

    def _complete(self) -> None:
        answer = self._answer
        if not (answer.first and answer.end) or b'"fallback":true' in self._body:
            self._fail("no complete answer")
        elif self._answered and not self._answered.done():
            self._answered.set_result(answer)

    def _fail(self, why: str) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(RuntimeError(f"{why}: {self._body[-2000:].decode(errors='replace')}"))


async def send_all(plan: Plan) -> Result:
    """Carry the plan out."""
    requests = [request.encode() for request in plan.requests]
    answers: dict[int, Answered] = {}

    async def client(number: int, connection: Client) -> None:
        for index in range(number, len(requests), plan.concurrency):
            answers[index] = await connection.ask(requests[index])
            await asyncio.sleep(plan.gap)

    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Client(plan.markers), "127.0.0.1", plan.port)
        for _ in range(plan.concurrency)
    ]
    async with asyncio.TaskGroup() as clients:
        for number, (_, connection) in enumerate(opened):
            clients.create_task(client(number, connection))
    ordered = [answer for _, answer in sorted(answers.items())]
    return Result(max(answer.end for answer in ordered) - min(answer.sent for answer in ordered), ordered)


async def run_load(plan: Plan) -> Result:
    """Carry the plan out in a process of its own.

    Raises:
        RuntimeError: a request got no answer.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.speed.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate(json.dumps(asdict(plan)).encode())
    if process.returncode:
        raise RuntimeError("the load generator failed; its error is above")
    fields = json.loads(printed)
    return Result(fields["seconds"], [Answered(**answer) for answer in fields["answers"]])


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(send_all(Plan.parse(sys.stdin.read()))))))
