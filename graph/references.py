"""Opens what a tool computed: the result as it was, its transactions, and whether it would differ now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from nodes.text.translatable import Texts
from nodes.tools.registry import ToolFailed, call_again
from nodes.tools.results import Column, Figure, filter_of
from nodes.tools.tool import Call, Desk
from storage.finance.references import Reference, References
from storage.finance.transactions import TransactionFilter


class OpenedReference(TypedDict):
    """What a tool computed for an answer."""

    reference_id: UUID
    turn_id: UUID | None
    tool: str
    created_at: datetime
    words: str
    """What was computed over what."""
    method: str
    """How, in one sentence."""
    figures: list[Figure]
    columns: list[Column]
    rows: list[list[str | None]]
    """The first 50."""
    row_count: int
    notes: list[str]
    proposal_id: str | None
    """Of what the user is asked to accept."""
    transactions: str | None
    """The query of `GET /transactions` that lists what was computed over; null where these are no transactions."""
    texts: Texts
    """What the English texts of ours in it are made of, by these texts: for pages in other languages."""
    changed: bool
    """Whether the same call has other figures now; false where it cannot be told."""


class OpenReferences:
    """What tools computed for the answers of all users."""

    def __init__(self, references: References, desk: Desk) -> None:
        self._references = references
        self._desk = desk

    async def open(self, user_id: UUID, reference_id: UUID) -> OpenedReference | None:
        """A result, and whether it is still so; None where the user has no such one."""
        kept = await self._references.find(user_id, reference_id)
        if kept is None:
            return None
        result = kept["result"]
        return OpenedReference(
            reference_id=reference_id,
            turn_id=kept["turn_id"],
            tool=kept["tool"],
            created_at=kept["created_at"],
            words=result["words"],
            method=result["method"],
            figures=result["figures"],
            columns=result["columns"],
            rows=result["rows"],
            row_count=result["row_count"],
            notes=result["notes"],
            proposal_id=result.get("proposal_id"),
            texts=result.get("texts", {}),
            transactions=None if result["behind"] is None else f"reference={reference_id}",
            changed=await self._has_changed(user_id, kept),
        )

    async def transactions(self, user_id: UUID, reference_id: UUID) -> TransactionFilter | None:
        """The transactions that a result is of; None where it is of none, or the user has no such result."""
        kept = await self._references.find(user_id, reference_id)
        of: Mapping[str, Any] | None = kept and kept["result"]["behind"]
        return None if of is None else filter_of(of)

    async def _has_changed(self, user_id: UUID, kept: Reference) -> bool:
        if "proposal_id" in kept["result"]:
            return False  # asked again, it would propose again
        then = Call(self._desk, user_id, kept["created_at"].date(), None)
        try:
            now = await call_again(then, kept["tool"], kept["arguments"])
        except ToolFailed:
            return True  # of a category or an account that is gone, say
        return bool(now["figures"] != kept["result"]["figures"])
