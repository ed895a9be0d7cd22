"""Earlier turns in the prompt, as clients see them."""

from typing import Any
from uuid import UUID

from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

SAID = "Our boiler is from 2004, and Harrow Heating wants 1,950 for a new one."
ASKED = "What did Harrow Heating want for the boiler?"


async def prompt_of(frontdesk: Frontdesk, model: ModelServer, user: UUID, message: str, conversation: str) -> str:
    """The whole prompt for this message."""
    count = sum(map(streaming, model.requests))
    await frontdesk.chat(user, message, conversation_id=conversation)
    return str((await model.received(streaming, count + 1)).body["messages"])


async def test_what_was_said_outside_the_window_comes_into_the_prompt(
    serve: Serve, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """In its conversation alone; `done` and the turn name it, until it is deleted."""
    frontdesk = await serve(context_tokens=1500)
    model.always(Text("I see."), streaming)
    told = await frontdesk.chat(ada, SAID, conversation_id="heating")
    for number in range(3):
        await frontdesk.chat(ada, f"{number}: " + "Nothing much happened today. " * 60, conversation_id="heating")
    asked = await frontdesk.chat(ada, ASKED, conversation_id="heating")
    messages: list[dict[str, Any]] = (await model.received(streaming, 5)).body["messages"]
    assert [message["role"] for message in messages if SAID in message["content"]] == ["user"]
    assert all(message["content"] != SAID for message in messages)
    [recalled] = asked.named("done")[0]["turns_recalled"]
    assert recalled["turn_id"] == told.headers["x-turn-id"]
    async with frontdesk.client(ada) as client:
        path = f"/turns/{asked.headers['x-turn-id']}"
        assert (await client.get(path)).json()["turns_recalled"] == [recalled]
    assert SAID not in await prompt_of(frontdesk, model, ada, ASKED, "other")
    assert SAID not in await prompt_of(frontdesk, model, bob, ASKED, "heating")


async def test_what_the_window_holds_is_not_quoted_again(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """In its own conversation the model reads it as a message."""
    model.always(Text("I see."), streaming)
    await frontdesk.chat(ada, SAID, conversation_id="heating")
    asked = await frontdesk.chat(ada, ASKED, conversation_id="heating")
    messages: list[dict[str, Any]] = (await model.received(streaming, 2)).body["messages"]
    assert [message["content"] for message in messages if SAID in message["content"]] == [SAID]
    assert asked.named("done")[0]["turns_recalled"] == []
