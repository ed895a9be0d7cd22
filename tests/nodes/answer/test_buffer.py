"""How an answer is sent out in breaths."""

import asyncio

import pytest
from nodes.answer.buffer import Voice

from nodes.answer import buffer as module


@pytest.fixture(autouse=True)
def long_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaths long enough that a busy machine does not part what is said in one."""
    monkeypatch.setattr(module, "BREATH", 0.2)


class Ear:
    """Hears pieces, and tells when there are enough of them."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, text: str) -> None:
        """Hear one."""
        self.heard.append(text)
        self._more.set()

    async def hears(self, pieces: int) -> list[str]:
        """All pieces, as soon as there are so many."""
        async with asyncio.timeout(10):
            while len(self.heard) < pieces:
                self._more.clear()
                await self._more.wait()
        return self.heard


async def test_the_first_piece_goes_out_at_once() -> None:
    """Nobody waits for the second one."""
    ear = Ear()
    Voice(ear).say("Hel")
    assert ear.heard == ["Hel"]


async def test_pieces_of_one_breath_go_out_together() -> None:
    """What comes within a breath of the last piece is gathered, in order, and sent by itself."""
    ear = Ear()
    voice = Voice(ear)
    for text in ("Hel", "lo", ", ", "Ada"):
        voice.say(text)
    assert ear.heard == ["Hel"]
    assert await ear.hears(2) == ["Hel", "lo, Ada"]


async def test_breath_follows_breath() -> None:
    """What comes right after a breath waits for the next one."""
    ear = Ear()
    voice = Voice(ear)
    voice.say("a")
    voice.say("b")
    await ear.hears(2)
    voice.say("c")
    voice.say("d")
    assert await ear.hears(3) == ["a", "b", "cd"]


async def test_flush_sends_what_is_held_and_only_once() -> None:
    """The end of an answer does not wait for the breath, and the breath has nothing left to send."""
    ear = Ear()
    voice = Voice(ear)
    voice.say("a")
    voice.say("b")
    voice.flush()
    voice.flush()
    assert ear.heard == ["a", "b"]
    voice.say("c")
    assert await ear.hears(3) == ["a", "b", "c"]
