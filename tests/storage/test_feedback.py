"""Feedback: messages of which users named who should have answered."""

from uuid import UUID, uuid4

from storage.feedback import Feedback, FeedbackOnTurns
from storage.pool import Pool
from tests.storage.rows import Owner, answered, save_answered


async def wrong(pool: Pool, user: UUID, message: str, wanted: str | None, *, temporary: bool = False) -> UUID:
    """A turn of the user that Tag answered, and whose feedback names this employee instead."""
    conversation = "c-2" if temporary else "c-1"
    turn = answered(message, conversation=conversation, employee="tag", temporary=temporary)
    turn_id = await save_answered(pool, user, turn)
    reason = Feedback(rating="down", reason="wrong_employee", comment=None, employee=wanted)
    assert await FeedbackOnTurns(pool).put(user, turn_id, reason)
    return turn_id


async def test_only_marked_messages_of_all_users_are_found(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Where the right employee is named; not what a user wants forgotten, nor temporary conversations."""
    await wrong(pool, ada, "Is my bike deductible?", "ledger")
    await wrong(pool, ada, "Who are you?", None)
    forgotten = await wrong(pool, ada, "My name is Ada", "prime")
    owner.execute("update chat_turns set forgotten = true where turn_id = %(turn)s", {"turn": forgotten})
    await wrong(pool, ada, "My salary is 10", "goalie", temporary=True)
    await wrong(pool, uuid4(), "Scan this", "byte")
    found = await FeedbackOnTurns(pool).marked()
    assert sorted((one["message"], one["chosen"], one["wanted"]) for one in found) == [
        ("Is my bike deductible?", "tag", "ledger"),
        ("Scan this", "tag", "byte"),
    ]
