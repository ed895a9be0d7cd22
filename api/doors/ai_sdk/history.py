"""What is stored of a chat: its messages as clients keep them, and which turn is meant."""

from typing import Any, Literal, NamedTuple
from uuid import UUID

from typing_extensions import TypedDict

from api.doors.ai_sdk.message_stream import route_data
from api.doors.ai_sdk.requests import message_key, uuid_of
from graph.account import UserData
from nodes.employees import find
from nodes.stream_events import EmployeeCard
from storage.conversations import MessageDetails, MessageTool


class UIMessageDocument(TypedDict):
    """A message as a chat keeps it."""

    id: str
    role: Literal["user", "assistant"]
    parts: list[dict[str, Any]]
    metadata: dict[str, Any]


class FoundTurn(NamedTuple):
    """A turn of a chat."""

    turn_id: UUID
    waits: bool
    """Whether its message waits for the conversation."""


async def find_turn(
    user_data: UserData, user_id: UUID, conversation_id: UUID, message: str | None, *, ended: bool = False
) -> FoundTurn | None:
    """The turn of a message, or the one that runs in the chat, or else the last one that waits.

    Args:
        message: the message's id; None means the chat as a whole.
        ended: also a turn that is over.
    """
    chat = str(conversation_id)
    turns, runs = user_data.turns, user_data.thread_runs.runs
    if message is None:
        turn_id = await turns.latest(user_id, chat, running=True)
        if turn_id is None and (waiting := await runs(user_id, chat, status="pending", limit=1)):
            return FoundTurn(waiting[0]["run_id"], waits=True)
        if turn_id is None and ended:
            turn_id = await turns.latest(user_id, chat, running=False)
        return FoundTurn(turn_id, waits=False) if turn_id else None
    key, own = message_key(conversation_id, message), uuid_of(message)
    turn_id = await turns.active_version(user_id, chat, message_ids=[own] if own else [], key=key)
    turn_id = turn_id or await turns.of_key(user_id, key)
    found = turn_id and await runs(user_id, chat, run_id=turn_id, limit=1)
    if not found or not (ended or found[0]["status"] in ("pending", "running")):
        return None
    return FoundTurn(found[0]["run_id"], waits=found[0]["status"] == "pending")


def message_of(message: MessageDetails, conversation_id: str) -> UIMessageDocument:
    """A stored message, with the parts and the metadata that its stream gave it, as far as they are kept with it."""
    parts: list[dict[str, Any]] = []
    metadata: dict[str, Any] = {"turnId": message["turn_id"], "conversationId": conversation_id}
    text = {"type": "text", "text": message["content"]}
    if message["role"] == "assistant":
        who = find(message["employee"])
        card = who and EmployeeCard(who.slug, who.name, who.title, who.emoji)
        metadata |= {"employee": card, "model": message["model"], "finishReason": message["finish_reason"]}
        metadata |= {"fallback": message["fallback"], "generatedBy": message["generated_by"]}
        if route := message["route"]:
            told = route_data(route["reason"], route["confidence"], route["runner_up"])
            metadata["route"] = told
            parts.append({"type": "data-route", "id": "route", "data": {"employee": card, **told}})
        parts += [{"type": "step-start"}, *map(_tool_part, message["tools"])]
        text["state"] = "done"
    if message["content"]:
        parts.append(text)
    references = [one["reference_id"] for one in message["tools"] if one["reference_id"]]
    if references or message["unverified"]:
        data = {"references": references, "unverified": message["unverified"]}
        parts.append({"type": "data-figures", "id": "figures", "data": data})
    return UIMessageDocument(id=str(message["message_id"]), role=message["role"], parts=parts, metadata=metadata)


def _tool_part(tool: MessageTool) -> dict[str, Any]:
    """A tool that was run here; how it was called is not kept."""
    known = {"toolName": tool["tool"], "toolCallId": tool["call_id"], "providerExecuted": True, "input": {}}
    if tool["reference_id"] is None:
        return {"type": "dynamic-tool", "state": "output-error", "errorText": tool["words"], **known}
    return {"type": "dynamic-tool", "state": "output-available", "output": tool, **known}
