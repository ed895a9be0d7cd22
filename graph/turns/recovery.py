"""State and events of a turn whose process was lost, put together from what is stored of it."""

from collections.abc import Sequence
from typing import cast

import msgspec
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graph.turns.turn import Turn, error_of
from nodes.generate import REPORTED
from nodes.state import Answer, FinishReason, RouteReport, State, Version, new_state
from nodes.state import Notice as StoredNotice
from nodes.stream_events import RESTARTED, ErrorCode, Notice, Token, ToolCall, done_of, results_of, start_of
from storage.event_log import LoggedEvent
from storage.turn_records import RecoveryRecord
from storage.turns import History


def state_after_route(turn: Turn, record: RecoveryRecord, logged: Sequence[LoggedEvent], now: float) -> State:
    """The state in which the message was counted, and an employee was chosen.

    Args:
        logged: the turn's events; its notices are kept with the new answer, and that it is a new one.
        now: by the clock of the process that goes on with it. When the turn began follows from its age, because the
            clocks of machines differ.
    """
    begun = new_state(
        [HumanMessage(record["message"], id=str(turn.turn_id))],
        conversation_id=turn.conversation_id,
        turn_id=str(turn.turn_id),
        started_at=now - record["age"],
        message=record["message"],
    )
    route = cast(RouteReport, record["route"])
    known = {
        "employee": record["asked_employee"],
        "route": route,
        "may_remember": record["may_remember"],
        "language": record["route"].get("language"),
        "notices": _notices(logged),
    }
    return cast(State, {**begun, **known, "version": _continued(record)})


def _notices(logged: Sequence[LoggedEvent]) -> list[StoredNotice]:
    """The notices that readers got, each once, and that the answer begins anew."""
    sent = [msgspec.json.decode(event.data, type=Notice) for event in logged if event.name == "notice"]
    return [StoredNotice(code=one.code, message=one.message) for one in dict.fromkeys([*sent, RESTARTED])]


def _continued(record: RecoveryRecord) -> Version | None:
    """What the turn continues; of other versions all that matters is stored."""
    if record["continues"] is None:
        return None
    cut = cast(FinishReason | None, record["cut"])
    return Version(kind="continue", replaces="", route=None, last_employee=None, so_far=record["continues"], cut=cut)


def state_after_generate(turn: Turn, record: RecoveryRecord, history: History, now: float) -> State:
    """The state in which the answer is committed, and summary, facts and metrics are to follow."""
    answer = answer_of(record)
    before = state_after_route(turn, record, [], now)
    messages: list[AnyMessage] = [*before["messages"], AIMessage(answer["text"], id=answer["message_id"])]
    # What was superseded meanwhile goes into no summary, and into no request for facts.
    superseded = record["superseded"]
    done = {
        "summarised": record["summarised"] or superseded,
        "facts_known": record["facts_known"] or superseded,
    }
    return cast(State, {**before, **done, "messages": messages, "history": history, "answer": answer})


def answer_of(record: RecoveryRecord) -> Answer:
    """The answer that was committed."""
    assert record["report"] is not None
    known = {
        "text": record["answer"],
        "message_id": str(record["message_id"]),
        "error_code": record["error_code"],
        "facts_used": record["facts_used"],
    }
    reported = {name: value for name, value in record["report"].items() if name in REPORTED}
    return cast(Answer, {**reported, **known})


def retract(turn: Turn, record: RecoveryRecord, logged: Sequence[LoggedEvent], model: str) -> None:
    """Take back what readers got of the lost attempt, whose start may not even be logged."""
    if not logged:
        _start(turn, record, model)
    turn.publish(RESTARTED)


def publish_answer(turn: Turn, record: RecoveryRecord, logged: Sequence[LoggedEvent], model: str) -> None:
    """Publish a committed answer whose end is not logged: all of it again, because words may be missing, too."""
    if turn.end is None:
        retract(turn, record, logged, model)
        _publish_text(turn, record)


def republished(turn: Turn, record: RecoveryRecord) -> Turn:
    """The turn, which is over, with the events that its record still gives: its start, its answer and its end."""
    _start(turn, record, record["report"]["model"] if record["report"] else "")
    if record["report"]:
        _publish_text(turn, record)
    else:
        turn.publish(error_of(cast(ErrorCode, record["error_code"])))
    return turn


def _start(turn: Turn, record: RecoveryRecord, model: str) -> None:
    route = cast(RouteReport, record["route"])
    turn.publish(start_of(str(turn.turn_id), turn.conversation_id, route, model))


def _publish_text(turn: Turn, record: RecoveryRecord) -> None:
    answer = answer_of(record)
    for result in results_of(answer):
        turn.publish(ToolCall(result.call_id, result.tool, result.words))
        turn.publish(result)
    turn.publish(Token(answer["text"]))
    turn.publish(done_of(str(turn.turn_id), turn.conversation_id, answer))
