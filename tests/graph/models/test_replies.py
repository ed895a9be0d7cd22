"""Replies of model servers, decoded and checked."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.models.replies import (
    MAX_TOKEN_COUNT,
    EventStreamDecoder,
    LoopYield,
    Reply,
    TextSanitizer,
    parse_reply,
    sanitized,
)
from nodes.errors import ModelUnavailable

ODD = st.text(st.one_of(st.characters(), st.sampled_from("\ud83d\ude00\0\ufeff\x1b\x85\n\tx")))
"""Texts with lone surrogates and control characters."""

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
TOOL_CALLS = st.one_of(
    VALUES,
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "index": VALUES,
                "id": VALUES,
                "function": st.one_of(
                    VALUES, st.fixed_dictionaries({}, optional={"name": VALUES, "arguments": VALUES})
                ),
            },
        ),
        max_size=3,
    ),
)
CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.one_of(
            VALUES,
            st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "index": VALUES,
                        "delta": st.one_of(
                            VALUES, st.fixed_dictionaries({}, optional={"content": VALUES, "tool_calls": TOOL_CALLS})
                        ),
                        "finish_reason": VALUES,
                    },
                ),
                max_size=3,
            ),
        ),
        "usage": st.one_of(VALUES, st.fixed_dictionaries({"prompt_tokens": VALUES, "completion_tokens": VALUES})),
        "model": VALUES,
    },
)
"""Chunks in which any field may have any value."""


@settings(deadline=None, database=None)
@given(st.lists(ODD))
def test_text_is_sanitized_alike_however_it_is_cut(pieces: Sequence[str]) -> None:
    """The result can be stored and sent, and sanitizing it again removes at most a byte order mark."""
    sanitizer = TextSanitizer()
    text = "".join(map(sanitizer.feed, pieces)) + sanitizer.flush()
    assert text == sanitized("".join(pieces))
    assert "\0" not in text
    assert text.encode().decode() == text
    assert sanitized("x" + text) == "x" + text


@settings(deadline=None, database=None)
@given(st.one_of(CHUNKS, VALUES))
@example({"model": "\b"})  # of which nothing is left
def test_any_document_is_parsed_or_refused(document: Any) -> None:
    """Only ModelUnavailable is raised, and what is parsed has the declared types."""
    try:
        reply = parse_reply(json.dumps(document).encode())
    except ModelUnavailable:
        return
    assert isinstance(reply.text, str)
    for name in (reply.finish_reason, reply.model):
        assert name is None or name.encode()
    if reply.usage:
        assert 0 <= reply.usage["input_tokens"] <= MAX_TOKEN_COUNT
        assert 0 <= reply.usage["output_tokens"] <= MAX_TOKEN_COUNT


def test_events_are_merged() -> None:
    """Their texts are joined; of finish reason, model and usage the latest counts."""
    usage = b'"usage": {"prompt_tokens": 1, "completion_tokens": 1}'
    first = parse_reply(b'{"choices": [{"delta": {"content": "a"}}], %b}' % usage)
    second = parse_reply(b'{"choices": [{"delta": {"content": "b"}, "finish_reason": "stop"}], "model": "m"}')
    joined = Reply().merged(first).merged(second)
    assert (joined.text, joined.finish_reason, joined.model, joined.usage) == ("ab", "stop", "m", first.usage)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_decoded_however_they_are_cut(size: int) -> None:
    """Data of several lines, both line ends, comments and other fields; an incomplete event is left out."""
    body = b'\xef\xbb\xbfdata: {"a":\ndata: 1}\n\n\n: x\r\nevent: y\r\ndata:2\r\n\r\ndata: 3\n'
    stream = EventStreamDecoder()
    found = [data for at in range(0, len(body), size) for data in stream.feed(body[at : at + size])]
    assert found == [b'{"a":\n1}', b"2"]


async def test_reading_lets_other_tasks_run() -> None:
    """Also where no read ever waits."""
    other_ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(other_ran.set)
    yield_to_loop = LoopYield()
    for _ in range(10_000_000):
        await yield_to_loop()
        if other_ran.is_set():
            break
    assert other_ran.is_set()
