"""What a model's server sends that nobody asked for: each answer ends once, and is kept as it was shown."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import pytest

from graph.models import replies
from nodes.answer.languages import texts_in
from tests.faults.stored_turn import outcome_in_metrics, stored_answer
from tests.support.app import Answer, Frontdesk, Serve, read_events
from tests.support.database import rows
from tests.support.listening import listening, until
from tests.support.model_bytes import DONE, Raw, delta, event, words
from tests.support.model_script import Status, Text, streaming
from tests.support.model_server import ModelServer

PREPARED = texts_in("en").replies["prime"].unreachable
HTML = b"<!DOCTYPE html>\n<html><body><h1>Welcome to the proxy</h1>\ndata: sign in\n\n</body></html>\n"
TOOL = [{"index": 0, "id": "call-1", "type": "function", "function": {"name": "rm", "arguments": "{}"}}]


async def told_alike(frontdesk: Frontdesk, user: UUID, answer: Answer) -> None:
    """The answer ended once; what was shown is what is kept, what was written down, and what is told again."""
    assert [event.name for event in answer.events if event.name in ("done", "error")] == [answer.events[-1].name]
    assert await stored_answer(frontdesk, answer) == answer.text
    turn = answer.headers["x-turn-id"]
    async with frontdesk.client(user) as client, client.stream("GET", f"/turns/{turn}/events") as response:
        assert [event async for event in read_events(response)] == answer.events
    query = "select events from chat_turn_events where turn_id = %(turn)s order by first"
    journal = [event for (batch,) in await rows(frontdesk.service.url, query, turn=UUID(turn)) for event in batch]
    assert journal == [{"event": event.name, "data": event.data} for event in answer.events]


SHOWN: dict[str, tuple[Iterable[bytes], str]] = {
    "a NUL and other controls": (words("Hel\0lo", " \x1b[31mAda\x07\x9b"), "Hello [31mAda"),
    "tabs and ends of lines": (words("a\tb\r\nc\n"), "a\tb\r\nc\n"),
    "an emoji in two chunks": (words("Hi \ud83d", "\ude00!"), "Hi 😀!"),
    "half an emoji": (words("Hi \ud83d", " Ada \ude00"), "Hi \ufffd Ada \ufffd"),
    "half an emoji at the end": (words("Hi \ud83d"), "Hi \ufffd"),
    "a byte order mark": (words("\ufeff", "Hi\ufeff"), "Hi\ufeff"),
    "a byte order mark before the stream": ([b"\xef\xbb\xbf", *words("Hi")[1:]], "Hi"),
    "a separator of lines": (words("a\u2028b\u2029c\x85"), "a\u2028b\u2029c"),
    "a list of parts": (words([{"type": "text", "text": "Hi"}, {"type": "image"}, " Ada", 7]), "Hi Ada"),
    "contents of other kinds": (words("Hi", 7, {"text": "no"}, None, True, " Ada"), "Hi Ada"),
    "roles only": ([delta(role="assistant")] * 9 + words("Hi"), "Hi"),
    "a user's role": ([delta(role="user", content="Hi"), delta(role="tool", content=" Ada"), *words()], "Hi Ada"),
    "no choices": ([event({"choices": []}), event({"choices": None}), event({}), *words("Hi")], "Hi"),
    "several choices": (
        [event({"choices": [{"index": i, "delta": {"content": text}} for i, text in enumerate("abc")]}), *words("!")],
        "a!",
    ),
    "another choice": ([delta(content="no", index=1), *words("Hi")], "Hi"),
    "choices that are none": ([event({"choices": [7, None, {"delta": 7}, {}]}), *words("Hi")], "Hi"),
    "a refusal": ([delta(refusal="I can't "), delta(refusal="help."), *words()], "I can't help."),
    "a tool call beside words": ([delta(content="Hi", tool_calls=TOOL), *words(finish_reason="tool_calls")], "Hi"),
    "comments and other fields": ([b": hello\nid: 1\nretry: 5\nevent: x\nrubbish\n\n", *words("Hi")], "Hi"),
    "other ends of lines": ([piece.replace(b"\n", b"\r\n") for piece in words("Hi")], "Hi"),
    "no mark at the end": (words("Hi")[:-1], "Hi"),
    "a byte at a time": ([bytes([byte]) for byte in b"".join(words("Zoë 😀"))], "Zoë 😀"),
    "more after the end": ([*words("Hi"), delta(content=" again")], "Hi"),
}


@pytest.mark.parametrize(("pieces", "text"), SHOWN.values(), ids=SHOWN.keys())
async def test_odd_words_are_mended_and_shown(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, pieces: Iterable[bytes], text: str
) -> None:
    """Nobody is asked a second time, and no notice is given."""
    model.queue(Raw(pieces), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert (answer.text, answer.named("notice")) == (text, [])
    await told_alike(frontdesk, ada, answer)
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 5_000_000_000, "completion_tokens": 3},
        {"prompt_tokens": 9, "completion_tokens": -3},
        {"prompt_tokens": "9", "completion_tokens": "3"},
        {"prompt_tokens": True, "completion_tokens": 3.5},
        {"completion_tokens": 3},
        [9, 3],
        "nine",
    ],
    ids=str,
)
async def test_counts_that_are_none_are_estimated(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, usage: Any
) -> None:
    """As where the model says nothing of them; the client is told that it is an estimate."""
    model.queue(Raw(words("Go on", usage=usage)), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.named("done")[0]["usage"]["estimated"] is True
    await told_alike(frontdesk, ada, answer)
    query = "select prompt_tokens, completion_tokens from xai_chat_metrics"
    assert await rows(frontdesk.service.url, query) == [(None, None)]


@dataclass(frozen=True)
class Garbled:
    """A body that is no reply, and what the metrics call it."""

    pieces: Sequence[bytes]
    media: str = "text/event-stream; charset=utf-8"
    code: str = "model_garbled"


GARBLED = {
    "a page": Garbled([HTML], "text/html"),
    "a page that says it is a stream": Garbled([HTML]),
    "nothing": Garbled([b""]),
    "a reply that is not streamed": Garbled([b'{"choices": [{"message": {"content": "Hi"}}]}'], "application/json"),
    "no JSON": Garbled([b"data: Hello\n\n"]),
    "JSON that is no object": Garbled([event("Go on"), event(7), event(None)]),
    "objects that are no chunks": Garbled([event({"type": "ping"}), event({"text": "Go on"})]),
    "half a chunk": Garbled([delta(content="Hi")[:-20] + b"\n\n"]),
    "JSON nested without end": Garbled([b"data: " + b"[" * 100_000 + b"\n\n"]),
    "a number too long to read": Garbled([b'data: {"choices": [], "created": ' + b"9" * 5000 + b"}\n\n"]),
    "bytes that are no text": Garbled([b"data: \xff\xfe\xff\n\n"]),
    "an error": Garbled([event({"error": {"message": "no"}})], code="model_failed"),
    "a tool call": Garbled([delta(tool_calls=TOOL), *words(finish_reason="tool_calls")], code="model_empty"),
    "controls only": Garbled(words("\0", "\x07"), code="model_empty"),
}


@pytest.mark.parametrize("garbled", GARBLED.values(), ids=GARBLED.keys())
async def test_what_is_no_reply_is_asked_for_again_and_then_replaced(
    unpaused: None, frontdesk: Frontdesk, model: ModelServer, ada: UUID, garbled: Garbled
) -> None:
    """By the prepared reply, which is labelled."""
    model.always(Raw(garbled.pieces, garbled.media), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert (answer.text, answer.named("done")[0]["fallback"]) == (PREPARED, True)
    assert len(list(filter(streaming, model.requests))) == 3
    await told_alike(frontdesk, ada, answer)
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", garbled.code, False)


@pytest.mark.parametrize(
    "pieces",
    [words("long " * 2_000_000), [delta(content="long " * 20)] * 100_000],
    ids=["in one chunk", "in many"],
)
async def test_an_answer_of_ten_megabytes_is_cut(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, pieces: Sequence[bytes]
) -> None:
    """It says that it is too long, and the model is hung up on."""
    model.queue(Raw(pieces), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == "long " * 6400
    assert answer.named("done")[0]["finish_reason"] == "length"
    await told_alike(frontdesk, ada, answer)
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)
    request = await model.received(streaming)
    await request.finished.wait()


async def test_a_reply_without_an_end_fills_no_memory(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """A line of more than sixteen megabytes is no reply, long before the time is over."""
    model.always(Raw(repeat(b"data" * 16_384)), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == PREPARED
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_garbled", False)


async def test_what_a_filter_cut_off_stands_and_says_so(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """What was shown stays; a notice and the finish reason tell why it goes no further."""
    model.queue(Raw(words("This is ", "how ", finish_reason="content_filter")), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    done = answer.named("done")[0]
    assert (answer.text, done["finish_reason"], done["fallback"]) == ("This is how ", "blocked", False)
    assert [notice["code"] for notice in answer.named("notice")] == ["filtered"]
    await told_alike(frontdesk, ada, answer)
    assert await outcome_in_metrics(frontdesk, answer) == ("done", "model_filtered", True)
    assert len(list(filter(streaming, model.requests))) == 1


@pytest.mark.parametrize(
    "reply", [Raw(words(finish_reason="content_filter")), Status(400, error="content_filter")], ids=["answer", "prompt"]
)
async def test_where_a_filter_leaves_nothing_it_is_named(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, reply: Raw | Status
) -> None:
    """The same would be filtered again, so nobody is asked twice."""
    model.always(reply, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    done = answer.named("done")[0]
    assert (answer.text, done["finish_reason"], done["fallback"]) == (texts_in("en").filtered, "blocked", True)
    assert [notice["code"] for notice in answer.named("notice")] == ["filtered"]
    await told_alike(frontdesk, ada, answer)
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_filtered", False)
    assert len(list(filter(streaming, model.requests))) == 1


FLOODS = {
    "empty chunks": delta(),
    "chunks of nothing": event({}),
    "comments": b": keep-alive\n\n",
    "ends of lines": b"\n" * 60_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_without_a_word_ends_with_the_time(
    serve: Serve, model: ModelServer, ada: UUID, flood: bytes
) -> None:
    """The limit holds although chunks come faster than they are read, and the model is hung up on."""
    model.always(Raw(repeat(flood)), streaming)
    frontdesk = await serve(turn_timeout=1)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == PREPARED
    outcome, code, _ = await outcome_in_metrics(frontdesk, answer)
    assert (outcome, code in ("model_timeout", "model_garbled")) == ("fallback", True)
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()


async def test_others_are_answered_during_a_flood_and_it_can_be_stopped(
    serve: Serve, model: ModelServer, ada: UUID, bob: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob's answer comes while Ada's model sends without a pause or an end; then she stops hers."""
    monkeypatch.setattr(replies, "MAX_REPLY_BYTES", sys.maxsize)
    frontdesk = await serve(turn_timeout=300)
    model.queue(Raw(chain([delta(content="Well, ")], repeat(delta()))), streaming)
    model.queue(Text("Hello Bob."), streaming)
    async with listening(frontdesk, ada, "Go on") as events, frontdesk.client(bob) as client:
        turn = (await until(events, "token"))[0].data["turn_id"]
        response = await client.post("/chat", json={"message": "Go on"}, headers={"Accept": "application/json"})
        assert response.json()["text"] == "Hello Bob."
        async with frontdesk.client(ada) as hers:
            assert (await hers.get(f"/turns/{turn}")).json()["status"] == "running"
            await hers.post(f"/turns/{turn}/stop")
        done = (await until(events, "done"))[-1].data
    assert done["finish_reason"] == "stopped"
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()
    await frontdesk.settled()


def test_the_samples_are_what_they_say() -> None:
    """A stream's data are JSON, but for its last mark."""
    *chunks, last = words("Hi", "\ud83d")
    assert [json.loads(chunk.removeprefix(b"data: "))["choices"][0]["delta"] for chunk in chunks][1:3] == [
        {"content": "Hi"},
        {"content": "\ud83d"},
    ]
    assert last == DONE
