"""A turn as it stood when its process was lost, put together from what is written down of it."""

from typing import cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graph.turns.endings import FINAL, SORRY
from graph.turns.endings import answered as say_answered
from graph.turns.events import ErrorCode, Failed, Start, Token
from graph.turns.turn import Turn
from nodes.generate import REPORTED
from nodes.state import Answer, RouteReport, State, Trimmed
from storage.messages import History
from storage.turn_records import Story


def chosen(turn: Turn, story: Story, now: float) -> State:
    """The state after `route`: the message was admitted and counted, and somebody was chosen to answer it.

    Args:
        now: by the clock of the process that goes on with it. When the turn began is told by its age, because clocks
            of machines differ.
    """
    return State(
        messages=[HumanMessage(story["message"], id=str(turn.turn_id))],
        conversation_id=turn.conversation_id,
        employee=story["asked_employee"],
        turn_id=str(turn.turn_id),
        started_at=now - story["age"],
        message=story["message"],
        refusal=None,
        failure=None,
        notices=[],
        findings=[],
        allowance=None,
        route=route_of(story),
        history=History(summary="", covers=0, messages=[]),
        memories=[],
        prompt=[],
        trimmed=Trimmed(messages=0, memories=0),
        answer=None,
        summary=None,
        learned=[],
        summary_failed=False,
        facts_failed=False,
    )


def route_of(story: Story) -> RouteReport:
    """Who was chosen, and why."""
    return cast(RouteReport, story["route"])


def answer_of(story: Story) -> Answer:
    """The answer that was committed."""
    assert story["report"] is not None
    known = {
        "text": story["answer"],
        "message_id": str(story["message_id"]),
        "error_code": story["error_code"],
        "facts_used": story["facts_used"],
    }
    reported = {name: value for name, value in story["report"].items() if name in REPORTED}
    return cast(Answer, {**reported, **known})


def answered(turn: Turn, story: Story, history: History, now: float) -> State:
    """The state after `generate`: what follows the answer is still to be done."""
    answer = answer_of(story)
    before = chosen(turn, story, now)
    messages: list[AnyMessage] = [*before["messages"], AIMessage(answer["text"], id=answer["message_id"])]
    done = {"summarised": story["summarised"], "facts_known": story["facts_known"]}
    return cast(State, {**before, **done, "messages": messages, "history": history, "answer": answer})


def retold(turn: Turn, story: Story) -> Turn:
    """The turn, which is over, with the events that its record still tells: its beginning, its answer and its end."""
    answer = answer_of(story) if story["report"] else None
    turn.publish(Start(str(turn.turn_id), turn.conversation_id, route_of(story), answer["model"] if answer else ""))
    if answer:
        turn.publish(Token(answer["text"]))
        say_answered(turn, answer)
    else:
        code = cast(ErrorCode, story["error_code"])
        turn.publish(Failed(code, SORRY[code], retryable=code not in FINAL))
    return turn
