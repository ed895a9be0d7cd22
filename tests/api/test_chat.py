"""POST /chat, from outside."""

from uuid import UUID

from tests.support.app import Frontdesk
from tests.support.model_server import ModelServer


async def test_a_message_is_answered_by_the_right_employee_token_by_token(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A tax question goes to Ledger; the tokens are the model's, and `done` comes last."""
    answer = await frontdesk.chat(ada, "What can I write off for my side business?")
    assert answer.status == 200
    start, done = answer.events[0], answer.events[-1]
    assert (start.name, start.data["employee"]["slug"]) == ("start", "ledger")
    assert done.name == "done"
    assert done.data["finish_reason"] == "stop"
    assert [event.id for event in answer.events] == list(range(1, len(answer.events) + 1))
    assert answer.text == "Hello from the scripted model."
