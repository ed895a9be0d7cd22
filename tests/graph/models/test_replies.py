"""Reading what a model's server sends."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.models.chat_openai import _turns
from graph.models.replies import MOST_TOKENS, EventStream, Mender, Said, mended, said
from nodes.errors import ModelUnavailable

ODD = st.text(st.one_of(st.characters(), st.sampled_from("\ud83d\ude00\0\ufeff\x1b\x85\n\tx")))
"""Texts with half characters and controls in them."""

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
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
                        "delta": st.one_of(VALUES, st.fixed_dictionaries({}, optional={"content": VALUES})),
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
"""Nearly chunks: any field may be anything."""


@settings(deadline=None, database=None)
@given(st.lists(ODD))
def test_text_is_mended_alike_however_it_is_cut(pieces: Sequence[str]) -> None:
    """What comes out can be stored and sent, and mending it again changes no more than the mark before it."""
    mender = Mender()
    text = "".join(map(mender.feed, pieces)) + mender.flush()
    assert text == mended("".join(pieces))
    assert "\0" not in text
    assert text.encode().decode() == text
    assert mended("x" + text) == "x" + text


@settings(deadline=None, database=None)
@given(st.one_of(CHUNKS, VALUES))
def test_whatever_comes_is_read_or_refused(document: Any) -> None:
    """Nothing but a refusal is raised, and what is read is of the kinds it is said to be."""
    try:
        reply = said(json.dumps(document).encode())
    except ModelUnavailable:
        return
    assert isinstance(reply.text, str)
    for name in (reply.finish_reason, reply.model):
        assert name is None or name.encode()
    if reply.usage:
        assert 0 <= reply.usage["input_tokens"] <= MOST_TOKENS
        assert 0 <= reply.usage["output_tokens"] <= MOST_TOKENS


def test_the_last_word_on_a_thing_counts() -> None:
    """Of several events the texts are joined; the latest reason and counts stay."""
    first = said(b'{"choices": [{"delta": {"content": "a"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}')
    second = said(b'{"choices": [{"delta": {"content": "b"}, "finish_reason": "stop"}], "model": "m"}')
    joined = Said().with_next(first).with_next(second)
    assert (joined.text, joined.finish_reason, joined.model, joined.usage) == ("ab", "stop", "m", first.usage)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_found_however_they_come(size: int) -> None:
    """Data of several lines, either end of lines, comments and other fields; what is not complete never comes."""
    body = b'\xef\xbb\xbfdata: {"a":\ndata: 1}\n\n\n: x\r\nevent: y\r\ndata:2\r\n\r\ndata: 3\n'
    stream = EventStream()
    found = [data for at in range(0, len(body), size) for data in stream.feed(body[at : at + size])]
    assert found == [b'{"a":\n1}', b"2"]


async def test_reading_lets_others_run() -> None:
    """Also where nothing that is read was ever waited for."""
    others = asyncio.Event()
    asyncio.get_running_loop().call_soon(others.set)
    take_turns = _turns()
    for _ in range(10_000_000):
        await take_turns()
        if others.is_set():
            break
    assert others.is_set()
