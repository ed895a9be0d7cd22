"""A model that keeps everyone waiting."""

from uuid import UUID

from nodes.answer.languages import texts_in
from tests.faults.stored_turn import outcome_in_metrics, stored_answer
from tests.support.app import Serve
from tests.support.database import row
from tests.support.listening import listening
from tests.support.model_script import Hang, streaming
from tests.support.model_server import ModelServer


async def test_a_model_that_never_begins_is_left_in_time(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """The prepared reply comes, and the model sees that nobody waits any more."""
    model.always(Hang(), streaming)
    frontdesk = await serve(turn_timeout=1)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == texts_in("en").replies["prime"].unreachable
    assert answer.named("done")[0]["fallback"] is True
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_timeout", False)
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()


async def test_a_model_that_stops_in_the_middle_is_left_with_what_it_said(
    serve: Serve, model: ModelServer, ada: UUID
) -> None:
    """Half an answer is better than a prepared one, and it says that time ran out."""
    model.always(Hang(["Half ", "an answer"]), streaming)
    frontdesk = await serve(turn_timeout=1)
    answer = await frontdesk.chat(ada, "Go on")
    done = answer.named("done")[0]
    assert (answer.text, done["finish_reason"], done["fallback"]) == ("Half an answer", "timeout", False)
    assert await outcome_in_metrics(frontdesk, answer) == ("done", "model_timeout", True)
    assert await stored_answer(frontdesk, answer) == "Half an answer"
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()


async def test_a_client_of_a_hanging_model_can_leave(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """Nobody listens when the time is up, and the turn ends all the same."""
    model.always(Hang(["Half "]), streaming)
    frontdesk = await serve(turn_timeout=1)
    async with listening(frontdesk, ada, "Go on") as events:
        start = await anext(events)
    await frontdesk.settled()
    turn = UUID(start.data["turn_id"])
    status = await row(frontdesk.service.url, "select status from chat_turns where turn_id = %(turn)s", turn=turn)
    assert status == ("done",)
