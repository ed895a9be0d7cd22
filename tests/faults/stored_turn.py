"""What the database has of a turn."""

from uuid import UUID

from tests.support.app import Answer, Frontdesk
from tests.support.database import row


async def outcome_in_metrics(frontdesk: Frontdesk, answer: Answer) -> tuple[str, str | None, bool]:
    """The outcome, the error code and the success of the turn in its metrics."""
    turn = UUID(answer.headers["x-turn-id"])
    outcome, code, success = await row(
        frontdesk.service.url,
        "select outcome, error_code, success from xai_chat_metrics where id = %(turn)s",
        turn=turn,
    )
    return outcome, code, success


async def prompt_chars_in_metrics(url: str, turn_id: str) -> int:
    """The length of the prompt in the metrics of the turn."""
    chars, tokens = await row(
        url, "select prompt_chars, prompt_tokens_est from xai_chat_metrics where id = %(turn)s", turn=UUID(turn_id)
    )
    assert chars / 4 <= tokens <= chars
    return int(chars)


async def stored_answer(frontdesk: Frontdesk, answer: Answer) -> str:
    """The text of the stored answer."""
    turn = UUID(answer.headers["x-turn-id"])
    (text,) = await row(
        frontdesk.service.url,
        "select content from chat_messages where turn_id = %(turn)s and role = 'assistant'",
        turn=turn,
    )
    return str(text)
