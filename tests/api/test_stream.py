"""When the stream's events come."""

import asyncio
from uuid import UUID

from tests.support.app import Frontdesk
from tests.support.database import row, rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Text, plain, streaming, structured
from tests.support.model_server import ModelServer

STATUS = "select status from chat_turns where turn_id = %(turn)s"


async def test_a_token_is_passed_on_at_once(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The first token is there while the model still thinks about the second."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        heard = await until(events, "token")
        assert heard[-1].data == {"text": "Well, "}
        assert not model.requests[0].finished.is_set()
        gate.set()
        rest = await until(events, "done")
    assert "".join(event.data["text"] for event in rest if event.name == "token") == "it depends."
    await frontdesk.settled()


async def test_tokens_that_come_together_go_out_together(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """A fast model does not cost an event for each syllable, and nothing of it is lost."""
    words = [f"{number} " for number in range(500)]
    model.queue(Text(words), streaming)
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.text == "".join(words)
    assert len(answer.named("token")) < len(words) / 2


async def test_the_answer_is_committed_when_done_arrives(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Whoever sees `done` finds both messages in the database, although nothing that follows has happened yet."""
    gate = asyncio.Event()
    model.queue(Gate("A summary.", gate), plain)
    async with listening(frontdesk, ada, "Hello") as events:
        heard = await until(events, "done")
        turn, done = UUID(heard[0].data["turn_id"]), heard[-1].data
        stored = await rows(
            frontdesk.service.url,
            "select role, content, id::text from chat_messages where turn_id = %(turn)s order by seq",
            turn=turn,
        )
        assert await row(frontdesk.service.url, STATUS, turn=turn) == ("answered",)
        gate.set()
    assert stored == [
        ("user", "Hello", str(turn)),
        ("assistant", "Hello from the scripted model.", done["message_id"]),
    ]
    await frontdesk.settled()
    assert await row(frontdesk.service.url, STATUS, turn=turn) == ("done",)


async def test_what_follows_the_answer_does_not_delay_it(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """With summary and facts both hanging at the model, the stream still ends."""
    gate = asyncio.Event()
    model.queue(Gate("A summary.", gate), plain)
    model.queue(Gate('{"facts": []}', gate), structured)
    async with listening(frontdesk, ada, "Hello") as events:
        heard = [event.name async for event in events]
    assert heard[-1] == "done"
    summary, facts = await model.received(plain), await model.received(structured)
    assert not summary.finished.is_set()
    assert not facts.finished.is_set()
    gate.set()
    await frontdesk.settled()


async def test_two_turns_at_once_keep_their_words_apart(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Two streams that interleave each get their own answer."""
    gate = asyncio.Event()
    model.queue(Gate(["Dear ", "Ada."], gate), lambda request: streaming(request) and "Ada" in str(request.body))
    model.queue(Gate(["Dear ", "Bob."], gate), lambda request: streaming(request) and "Bob" in str(request.body))
    async with listening(frontdesk, ada, "I am Ada") as hers, listening(frontdesk, bob, "I am Bob") as his:
        first = [await until(hers, "token"), await until(his, "token")]
        gate.set()
        rest = [await until(hers, "done"), await until(his, "done")]
    texts = [
        "".join(event.data["text"] for event in [*begun, *ended] if event.name == "token")
        for begun, ended in zip(first, rest, strict=True)
    ]
    assert texts == ["Dear Ada.", "Dear Bob."]
    await frontdesk.settled()
