"""What is written down of a turn."""

from uuid import UUID

from tests.support.app import Answer, Frontdesk
from tests.support.database import row


async def counted(frontdesk: Frontdesk, answer: Answer) -> tuple[str, str | None, bool]:
    """How the metrics count the turn: outcome, error code, success."""
    turn = UUID(answer.headers["x-turn-id"])
    outcome, code, success = await row(
        frontdesk.service.url,
        "select outcome, error_code, success from xai_chat_metrics where id = %(turn)s",
        turn=turn,
    )
    return outcome, code, success


async def prompted(url: str, turn_id: str) -> int:
    """How many characters the metrics count of what the model was asked."""
    chars, tokens = await row(
        url, "select prompt_chars, prompt_tokens_est from xai_chat_metrics where id = %(turn)s", turn=UUID(turn_id)
    )
    assert chars / 4 <= tokens <= chars
    return int(chars)


async def said(frontdesk: Frontdesk, answer: Answer) -> str:
    """The answer as it is kept."""
    turn = UUID(answer.headers["x-turn-id"])
    (text,) = await row(
        frontdesk.service.url,
        "select content from chat_messages where turn_id = %(turn)s and role = 'assistant'",
        turn=turn,
    )
    return str(text)
