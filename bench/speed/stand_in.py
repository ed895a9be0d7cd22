"""A model server in a process of its own that costs next to no CPU: every reply is made once and then only sent.

Answers are streamed in the shape of OpenAI's chat completions, all tokens at once or one by one. Requests without
`stream` get a summary, those with a JSON schema a fact. `PUT /mode` says how answers are streamed from then on, `GET
/mode` how many there were. Prints its URL.

    .venv/bin/python -m bench.speed.stand_in
"""

import asyncio
import json
import re
from collections import Counter
from functools import cache
from http.client import HTTPConnection
from typing import Any, cast

import httptools
import uvloop

STREAM = re.compile(rb'"stream":\s*true')
SCHEMA = b'"json_schema"'
LOOK_IT_UP = "Look it up"
"""In a message whose answer calls a tool first."""
FOUND = re.compile(rb'"role":\s*"tool"')
ARGUMENTS = '{"since": "2026-01-01", "until": "2026-06-30", "group": "category"}'
SUMMARY = "They compared spending on coffee over several months, and want to spend less. " * 4
ANSWER = """You spent 128.40 euros on coffee in week 12, a little more than the 110.20 euros of the week before.
Most of it went to the café near your office, where you bought something on nine of ten working days. If
you want to spend less, two days a week without a bought coffee would save about 30 euros a month; over
a year that is more than a short holiday costs. I would start with Mondays and Fridays, because you work
from home then, and look again in four weeks at what has changed.
""".split()  # noqa: SIM905
"""The words of an answer, over and over: prose with an amount here and there, as people get it."""
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n"
SSE = HEAD % b"text/event-stream; charset=utf-8" + b"transfer-encoding: chunked\r\n\r\n"


class StandIn:
    """The mode, the counts, and the answers that are held back."""

    def __init__(self) -> None:
        self.tokens, self.pace, self.hold = 200, 0.0, False
        self.calls = Counter[str]()
        self.held = set[Connection]()

    def set_mode(self, tokens: int, pace: float, *, hold: bool) -> None:
        """Stream so many tokens, `pace` seconds apart; with `hold` send one and wait for the next mode."""
        self.tokens, self.pace, self.hold = tokens, pace, hold
        held, self.held = self.held, set()
        for connection in held:
            connection.finish()

    def state(self) -> dict[str, int]:
        """Requests so far by kind, and answers that are held."""
        return {"answers": 0, "summaries": 0, "facts": 0} | self.calls | {"held": len(self.held)}


class Control:
    """Sets the mode of a stand-in from another process."""

    def __init__(self, port: int) -> None:
        self._port = port

    def set_mode(self, tokens: int, pace: float = 0.0, *, hold: bool = False) -> None:
        """See `StandIn.set_mode`."""
        self._request("PUT", json.dumps({"tokens": tokens, "pace": pace, "hold": hold}))

    def state(self) -> dict[str, int]:
        """See `StandIn.state`."""
        return self._request("GET")

    def calls(self) -> int:
        """Requests so far."""
        state = self.state()
        return state["answers"] + state["summaries"] + state["facts"]

    def _request(self, method: str, body: str | None = None) -> dict[str, int]:
        connection = HTTPConnection("127.0.0.1", self._port)
        connection.request(method, "/mode", body)
        state: dict[str, int] = json.loads(connection.getresponse().read())
        connection.close()
        return state


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._body = b"", b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none, by class

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Called by the loop."""
        self._stand_in.held.discard(self)
        if self._timer:
            self._timer.cancel()

    def on_message_begin(self) -> None:
        """Called by the parser, as the next three are."""
        self._path, self._body = b"", b""

    def on_url(self, url: bytes) -> None:
        """The path, or a piece of it."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer the request."""
        if self._path.endswith(b"/chat/completions"):
            self._complete()
        elif self._path == b"/mode":
            if self._parser.get_method() == b"PUT":
                self._stand_in.set_mode(**json.loads(self._body))
            self._send_json(self._stand_in.state())
        else:
            self._send_json({"object": "list", "data": []})

    def finish(self) -> None:
        """Send the end of an answer that was held."""
        self._transport.write(events(1)[-1])

    def _complete(self) -> None:
        streamed, calls = STREAM.search(self._body), self._stand_in.calls
        if SCHEMA in self._body:
            calls["facts"] += 1
            self._send(fact(calls["facts"]), streamed=bool(streamed))
        elif not streamed:
            calls["summaries"] += 1
            self._send(SUMMARY, streamed=False)
        else:
            calls["answers"] += 1
            self._stream()

    def _stream(self) -> None:
        mode = self._stand_in
        if LOOK_IT_UP.encode() in self._body and not FOUND.search(self._body):
            self._transport.write(tool_call())
        elif mode.hold:
            self._transport.write(SSE + b"".join(events(1)[:-1]))
            mode.held.add(self)
        elif not mode.pace:
            self._transport.write(at_once(mode.tokens))
        else:
            self._transport.write(SSE)
            self._send_next(0, events(mode.tokens), asyncio.get_running_loop().time(), mode.pace)

    def _send_next(self, number: int, parts: list[bytes], start: float, pace: float) -> None:
        """Send the next token; the first with the role before it, the last with all that follows it."""
        last = number == len(parts) - 3
        self._transport.write(
            b"".join(parts[:2]) if number == 0 else b"".join(parts[-2:]) if last else parts[number + 1]
        )
        if not last:
            at = start + (number + 1) * pace
            self._timer = asyncio.get_running_loop().call_at(at, self._send_next, number + 1, parts, start, pace)

    def _send(self, text: str, *, streamed: bool) -> None:
        if streamed:
            self._transport.write(SSE + b"".join(_events([text])))
        else:
            message = {"role": "assistant", "content": text, "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            self._send_json(_reply("chat.completion", [choice], usage(len(text) // 4)))

    def _send_json(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self._transport.write(HEAD % b"application/json" + b"content-length: %d\r\n\r\n%s" % (len(body), body))


@cache
def at_once(tokens: int) -> bytes:
    """A whole response."""
    return SSE + b"".join(events(tokens))


@cache
def tool_call() -> bytes:
    """A whole response that calls a tool."""
    called = {"name": "totals", "arguments": ARGUMENTS}
    call = {"index": 0, "id": "call_1", "type": "function", "function": called}
    role = _delta({"role": "assistant", "content": None, "tool_calls": [call]})
    return SSE + role + _ended("tool_calls", 20)


@cache
def events(tokens: int) -> list[bytes]:
    """A response's body in pieces: the role, the tokens, and what follows them."""
    return _events([f"{ANSWER[number % len(ANSWER)]} " for number in range(tokens)])


def fact(number: int) -> str:
    """The reply to a request for facts: each time another one."""
    sentence = f"The user wants to spend less than {number} euros a month on coffee."
    return json.dumps({"facts": [{"fact": sentence, "confidence": 0.9, "replaces": []}]})


def _events(texts: list[str]) -> list[bytes]:
    role = _delta({"role": "assistant", "content": "", "refusal": None})
    return [role, *(_delta({"content": text}) for text in texts), _ended("stop", len(texts))]


def _ended(finish_reason: str, tokens: int) -> bytes:
    end = _delta({}, finish_reason) + _chunk(_reply("chat.completion.chunk", [], usage(tokens)))
    return end + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def _delta(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _chunk(_reply("chat.completion.chunk", [choice], None))


def _chunk(event: dict[str, Any]) -> bytes:
    data = b"data: %s\n\n" % json.dumps(event, separators=(",", ":")).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _reply(kind: str, choices: list[dict[str, Any]], counted: dict[str, int] | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": kind,
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_560af6e559",
        "choices": choices,
        "usage": counted,
    }


def usage(tokens: int) -> dict[str, int]:
    """The usage of a reply."""
    return {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}


async def main() -> None:
    """Serve until the process is ended."""
    stand_in = StandIn()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stand_in), "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
