"""Which status may follow which."""

from contextlib import nullcontext
from itertools import product
from uuid import UUID

import psycopg
import pytest

from storage.pool import Pool
from storage.turn_status import LEGAL, STORED, TurnStatus
from tests.storage.rows import Owner, accepted, save_accepted

LEGAL_PAIRS = [
    ("waiting", "streaming"),
    ("waiting", "refused"),
    ("waiting", "handed_over"),
    ("streaming", "answered"),
    ("streaming", "failed"),
    ("streaming", "handed_over"),
    ("answered", "done"),
    ("answered", "stopped"),
    ("answered", "handed_over"),
]
FINAL = ["done", "stopped", "failed", "refused", "handed_over"]
STORED_WORDS = ["streaming", "answered", "done", "stopped", "failed"]


@pytest.mark.parametrize(("before", "after"), list(product(TurnStatus, repeat=2)), ids=lambda status: status.value)
def test_only_these_transitions_are_legal(before: TurnStatus, after: TurnStatus) -> None:
    """A status does not follow itself either."""
    assert (after in LEGAL[before]) == ((before.value, after.value) in LEGAL_PAIRS)


def test_these_statuses_are_all_there_are() -> None:
    """A new one needs its pairs here."""
    assert [status.value for status in TurnStatus] == [
        "waiting", "streaming", "answered", "done", "stopped", "failed", "refused", "handed_over",
    ]  # fmt: skip


@pytest.mark.parametrize("status", TurnStatus)
def test_a_final_status_is_followed_by_none(status: TurnStatus) -> None:
    """Nor does any other end a turn."""
    assert (not LEGAL[status]) == (status.value in FINAL)


@pytest.mark.parametrize("status", TurnStatus)
def test_only_these_statuses_are_stored(status: TurnStatus) -> None:
    """A turn that is refused, or waits, has no row; one that was handed over is as far as it was."""
    assert (status in STORED) == (status.value in STORED_WORDS)


async def test_the_database_has_the_same_words(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A row takes the statuses that are stored, and no other."""
    await save_accepted(pool, ada, accepted())
    for status in TurnStatus:
        with nullcontext() if status in STORED else pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("update chat_turns set status = %(status)s", {"status": status})
