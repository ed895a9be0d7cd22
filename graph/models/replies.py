"""Replies of model servers, read and checked: text is sanitized, numbers are bounded, anything else is refused.

langchain-openai and openai make the request but trust the reply: an HTML page is an empty answer, half an emoji
breaks the row it is stored in, an endless stream fills the memory. Code that uses a reply need not check it again.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

import aiohttp
import msgspec
from aiohttp import ClientResponse, StreamReader
from aiohttp.http_exceptions import HttpProcessingError
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata

from graph.models.tool_calls import CallPiece
from nodes.errors import ModelUnavailable

MAX_REPLY_BYTES = 16 * 2**20
"""A longer reply is given up, whatever it contains."""
MAX_NAME_CHARS = 200
"""Of a model's name or a finish reason."""
MAX_TOKEN_COUNT = 2**31 - 1
"""The largest value of Postgres' integer."""
YIELD_AFTER = 0.005
"""Seconds of reading after which other tasks run, or a server that sends faster than it is read would block them."""
BATCH_SECONDS = 0.05
"""For which text is gathered at most, after other text was read: a reader does not notice, and there are far fewer
events."""
DRAIN_SECONDS = 0.1
"""For a server to end a stream after its last event, so that the connection can be used again."""

BOM = "\ufeff"
REPLACEMENT = "\ufffd"

# Postgres rejects NUL, and terminals obey some of the other control characters; tab and line ends stay. The guard
# removes the same from messages. Other invisible characters stay: no rule of ours reads an answer.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_CONTROL_OR_SURROGATE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Reply(NamedTuple):
    """The content of one stream event, of several, or of a whole reply."""

    text: str = ""
    """Not sanitized yet: the other half of a character may be in the next event."""
    finish_reason: str | None = None
    usage: UsageMetadata | None = None
    """None where it is missing or not a valid number of tokens."""
    model: str | None = None
    has_choices: bool = False
    """Whether it is a chat completion at all."""
    calls: tuple[CallPiece, ...] = ()
    """Pieces of tool calls."""

    def merged(self, later: "Reply") -> "Reply":
        """This and a later event as one: texts are joined, of everything else the latest counts."""
        return Reply(
            self.text + later.text,
            later.finish_reason or self.finish_reason,
            later.usage or self.usage,
            later.model or self.model,
            self.has_choices or later.has_choices,
            self.calls + later.calls,
        )

    def metadata(self) -> dict[str, str]:
        """Finish reason and model under LangChain's names."""
        known = {"finish_reason": self.finish_reason, "model_name": self.model}
        return {name: value for name, value in known.items() if value}


async def read_stream(response: ClientResponse) -> AsyncGenerator[Reply]:
    """The events of a stream, merged for each piece of the body that is read.

    The first text is yielded at once, what follows in batches: a task that runs for each token costs twice as much.

    Raises:
        ModelUnavailable: the body is not a stream of chat completions. What it held before that is yielded first.
    """
    body, decoder, batch = response.content, EventStreamDecoder(), _Batch(response)
    recognised = False
    left = MAX_REPLY_BYTES
    while piece := await body.readany():
        left -= len(piece)
        reply, done, broken = _read_piece(decoder.feed(piece))
        recognised = recognised or done or reply.has_choices
        yield reply
        if broken:
            raise broken
        if done:
            await _drain(body)
            return
        if left < 0:
            raise ModelUnavailable("model_garbled")
        if reply.text or reply.calls:
            await batch.gather()
    if not recognised:
        raise ModelUnavailable("model_garbled")


class _Piece(NamedTuple):
    """What a piece of a body says, up to where it is broken, if it is."""

    reply: Reply
    done: bool
    broken: ModelUnavailable | None


def _read_piece(events: Iterable[bytes]) -> _Piece:
    texts, reply = list[str](), Reply()
    done, broken, has_tokens = False, None, False
    try:
        for data in events:
            if done := data.startswith(b"[DONE]"):
                break
            if (token := _plain_token(data)) is not None:
                texts.append(token)
                has_tokens = True
            else:
                event = parse_reply(data)
                texts.append(event.text)
                reply = reply.merged(event)
    except ModelUnavailable as error:
        broken = error
    has_choices = reply.has_choices or has_tokens
    return _Piece(reply._replace(text="".join(texts), has_choices=has_choices), done, broken)


async def _drain(body: StreamReader) -> None:
    with suppress(TimeoutError, aiohttp.ClientError, HttpProcessingError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in body.iter_any():
                await asyncio.sleep(0)  # for the timeout: what is buffered is read without waiting


class _Batch:
    """The time in which a response's next pieces are gathered; it is over when the body ends.

    From the second batch on, nothing is read from the connection meanwhile, because each read wakes this process. A
    body that comes at once ends within the first, and is not kept waiting.
    """

    def __init__(self, response: ClientResponse) -> None:
        self._loop, self._response = asyncio.get_running_loop(), response
        self._over: asyncio.Future[None] | None = None
        self._is_first = True
        response.content.on_eof(self._end)

    async def gather(self) -> None:
        """Wait for up to `BATCH_SECONDS`, or for the body to end."""
        if (connection := self._response.connection) is None:  # the body is complete
            return
        self._over = self._loop.create_future()
        # All streams' batches end at the same moments, so that this process wakes once for all of them.
        timer = self._loop.call_at((self._loop.time() // BATCH_SECONDS + 1) * BATCH_SECONDS, self._end)
        protocol = connection.protocol  # compared with None: an empty queue is falsy
        paused = None if self._is_first or protocol is None or not protocol.connected else protocol
        if paused is not None:
            paused.pause_reading()
        try:
            await self._over
        finally:
            timer.cancel()
            if paused is not None:
                paused.resume_reading()
        self._is_first = False

    def _end(self) -> None:
        if self._over and not self._over.done():
            self._over.set_result(None)


class LoopYield:
    """Yields the event loop to other tasks, at most once in `YIELD_AFTER` seconds."""

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._last = self._now()

    async def __call__(self) -> None:
        """Let other tasks run, if it is time."""
        if self._now() - self._last > YIELD_AFTER:
            await asyncio.sleep(0)
            self._last = self._now()


class EventStreamDecoder:
    """Decodes text/event-stream incrementally: the data of each event as soon as it is complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._started = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The data of the events that this piece completes."""
        self._rest += piece
        if b"\n" not in piece:
            return  # a long line is not searched again for each of its pieces
        *lines, self._rest = self._rest.split(b"\n")
        if not self._started:
            self._started, lines[0] = True, lines[0].removeprefix(BOM.encode())
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(bytes(line[5:]).strip())
            elif self._data and not line.strip():
                data, self._data = b"\n".join(self._data), []
                yield data


class TextSanitizer:
    """Sanitizes a text that arrives in pieces: no lone surrogates, control characters or leading byte order mark."""

    def __init__(self) -> None:
        self._started = False
        self._high_surrogate = ""

    def feed(self, text: str) -> str:
        """The next piece, sanitized; a high surrogate at its end waits for the low one."""
        if not self._started and text:
            self._started = True
            text = text.removeprefix(BOM)
        if not self._high_surrogate and not _CONTROL_OR_SURROGATE.search(text):
            return text
        text, self._high_surrogate = self._high_surrogate + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._high_surrogate = text[:-1], text[-1]
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return _CONTROLS.sub("", joined)

    def flush(self) -> str:
        """U+FFFD for a high surrogate without a low one, else nothing."""
        waiting, self._high_surrogate = self._high_surrogate, ""
        return REPLACEMENT if waiting else ""


def sanitized(text: str) -> str:
    """A whole text, sanitized."""
    sanitizer = TextSanitizer()
    return sanitizer.feed(text) + sanitizer.flush()


class _Delta(msgspec.Struct):
    content: str
    refusal: None = None
    tool_calls: tuple[()] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    index: Literal[0] = 0
    finish_reason: None = None


class _TokenEvent(msgspec.Struct):
    choices: tuple[_Choice]
    error: None = None
    usage: None = None


_token_event = msgspec.json.Decoder(_TokenEvent).decode


def _plain_token(document: bytes) -> str | None:
    """The text of an event that adds text and says nothing else, as nearly all do; None for any other."""
    try:
        return _token_event(document).choices[0].delta.content
    except (msgspec.DecodeError, RecursionError):
        return None


def parse_reply(document: bytes) -> Reply:
    """The data of a stream event or the body of a whole reply; of several choices the first.

    Raises:
        ModelUnavailable: it is not a JSON object, or reports an error.
    """
    completion = _decode(document)
    if completion.get("error"):
        raise ModelUnavailable("model_failed")
    choice = _first_choice(completion.get("choices"))
    message = _object(choice.get("delta") or choice.get("message"))
    return Reply(
        text=_text(message.get("content")) + _text(message.get("refusal")),  # a refusal is an answer, too
        finish_reason=_name(choice.get("finish_reason")),
        usage=_usage(_object(completion.get("usage"))),
        model=_name(completion.get("model")),
        has_choices=isinstance(completion.get("choices"), list),
        calls=_calls(message.get("tool_calls")),
    )


def _decode(document: bytes) -> dict[str, Any]:
    try:
        decoded: Any = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError):  # or a number or half a character that only Python's decoder takes
        try:
            decoded = json.loads(document)
        except (ValueError, RecursionError) as error:  # nested too deep, a number too long, or no JSON
            raise ModelUnavailable("model_garbled") from error
    if not isinstance(decoded, dict):
        raise ModelUnavailable("model_garbled")
    return cast(dict[str, Any], decoded)


def _first_choice(choices: Any) -> dict[str, Any]:
    """The choice of index 0: more than one is never requested."""
    found = (_object(choice) for choice in choices) if isinstance(choices, list) else ()
    return next((choice for choice in found if choice.get("index") in (0, None)), {})


def _object(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _text(content: Any) -> str:
    """A string, or the texts of a list of parts; parts that are not text (reasoning, images) are left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part if isinstance(part, str) else _object(part).get("text") for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _calls(value: Any) -> tuple[CallPiece, ...]:
    """The pieces of tool calls; some servers send a call's arguments as an object, and not as its text."""
    pieces: list[CallPiece] = []
    for call in map(_object, value if isinstance(value, list) else ()):
        function, index = _object(call.get("function")), call.get("index")
        given = function.get("arguments")
        text = json.dumps(given) if isinstance(given, dict) else given if isinstance(given, str) else ""
        number = index if type(index) is int else None
        pieces.append(
            CallPiece(number, _name(call.get("id")) or "", _name(function.get("name")) or "", sanitized(text))
        )
    return tuple(pieces)


def _name(value: Any) -> str | None:
    return _sanitized_name(value[:MAX_NAME_CHARS]) or None if isinstance(value, str) else None


@lru_cache(maxsize=32)  # each event of a stream names the model
def _sanitized_name(name: str) -> str:
    return sanitized(name)


def _usage(reported: dict[str, Any]) -> UsageMetadata | None:
    """Both counts, or None; with them how much of the prompt was read from the provider's cache, where it says."""
    prompt, completion = _count(reported.get("prompt_tokens")), _count(reported.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    usage = UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
    cached = _count(_object(reported.get("prompt_tokens_details")).get("cached_tokens"))
    if cached is not None and cached <= prompt:
        usage["input_token_details"] = InputTokenDetails(cache_read=cached)
    return usage


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_TOKEN_COUNT else None  # a bool is an int, too
