"""Feedback: messages of which users named who should have answered."""

from uuid import UUID, uuid4

from storage.feedback import Feedback, FeedbackOnTurns
from storage.pool import Pool
from tests.storage.rows import Owner, answered, save_answered


async def wrong(pool: Pool, user: UUID, message: str, wanted: str | None) -> UUID:
    """A turn of the user that Tag answered, and whose feedback names this employee instead."""
    turn = await save_answered(pool, user, answered(message, employee="tag"))
    reason = Feedback(rating="down", reason="wrong_employee", comment=None, employee=wanted)
    assert await FeedbackOnTurns(pool).put(user, turn, reason)
    return turn


async def test_only_marked_messages_of_all_users_are_found(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Where the right employee is named; not what a user wants forgotten."""
    await wrong(pool, ada, "Is my bike deductible?", "ledger")
    await wrong(pool, ada, "Who are you?", None)
    forgotten = await wrong(pool, ada, "My name is Ada", "prime")
    owner.execute("update chat_turns set forgotten = true where turn_id = %(turn)s", {"turn": forgotten})
    await wrong(pool, uuid4(), "Scan this", "byte")
    found = await FeedbackOnTurns(pool).marked()
    assert sorted((one["message"], one["chosen"], one["wanted"]) for one in found) == [
        ("Is my bike deductible?", "tag", "ledger"),
        ("Scan this", "tag", "byte"),
    ]
