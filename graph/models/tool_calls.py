"""Tool calls of a streamed reply: their pieces are put in order, and bounded.

Servers number the calls of a reply, but not all of them well: some leave the numbers out, some give each call the same
one, some repeat a call's name with each piece.
"""

from collections.abc import Iterable
from typing import NamedTuple

from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from nodes.errors import ModelUnavailable

MAX_CALLS = 8
"""Of a reply; what is called beyond that is left out."""
MAX_TOOL_NAME_CHARS = 64
"""As OpenAI has it."""
MAX_ARGUMENTS_CHARS = 20_000
"""Of all calls of a reply together."""


class CallPiece(NamedTuple):
    """A piece of a tool call, as an event of a stream has it."""

    number: int | None
    """Of the call that it belongs to."""
    call_id: str
    name: str
    arguments: str
    """The next characters of a JSON document."""


class ToolCallReader:
    """Reads the tool calls of one reply."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._slots: dict[int, int] = {}
        self._latest = 0
        self._left = MAX_ARGUMENTS_CHARS

    def read(self, pieces: Iterable[CallPiece]) -> list[ToolCallChunk]:
        """The pieces as LangChain has them; a call's first one has its name and id.

        Raises:
            ModelUnavailable: the arguments are longer than any call needs.
        """
        chunks: list[ToolCallChunk] = []
        for piece in pieces:
            known = len(self._ids)
            slot = self._slot(piece)
            if slot >= MAX_CALLS:
                continue
            self._left -= len(piece.arguments)
            if self._left < 0:
                raise ModelUnavailable("model_garbled")
            begins = slot == known
            name = piece.name[:MAX_TOOL_NAME_CHARS] if begins else None
            call_id = piece.call_id if begins else None
            chunks.append(tool_call_chunk(name=name, args=piece.arguments, id=call_id, index=slot))
        return chunks

    def _slot(self, piece: CallPiece) -> int:
        """The number of the piece's call, counted here."""
        number = self._latest if piece.number is None else piece.number
        slot = self._slots.get(number)
        if slot is None or self._is_another(piece, slot):
            slot = self._slots[number] = len(self._ids)
            self._ids.append(piece.call_id)
        self._latest = number
        return slot

    def _is_another(self, piece: CallPiece, slot: int) -> bool:
        """Whether the piece begins a call of its own, though its number is that of another one."""
        if not piece.name:
            return False
        return piece.call_id != self._ids[slot] if piece.call_id else piece.number is None
