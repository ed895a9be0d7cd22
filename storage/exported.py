"""The lines of an export, as they are read back."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from storage.metrics import AWAY, ErrorCode

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
# What Postgres takes in no text; everything else that once was in it goes in again.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Line(BaseModel):
    """A line. What a later version adds to it is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Begin(Line):
    """The first line."""

    type: Literal["export"]
    format: Literal[1]


class Conversation(Line):
    """A conversation with its summary."""

    type: Literal["conversation"]
    conversation_id: ConversationId
    title: Text
    last_employee: Text | None
    created_at: datetime
    updated_at: datetime
    summary: Text | None
    summary_covers: UUID | None


class Turn(Line):
    """A turn."""

    type: Literal["turn"]
    turn_id: UUID
    conversation_id: ConversationId
    status: Literal["accepted", "answered", "done", "failed", "stopped"]
    asked_employee: Text | None
    employee: Text
    finish_reason: Literal["stop", "length", "timeout", "stopped", "blocked"] | None
    error_code: Text | None
    created_at: datetime
    updated_at: datetime


class Misroute(Line):
    """A turn that was answered by the wrong employee."""

    type: Literal["misroute"]
    turn_id: UUID
    chosen_employee: Text
    wanted_employee: Text
    created_at: datetime


class Message(Line):
    """A message."""

    type: Literal["message"]
    message_id: UUID
    turn_id: UUID
    conversation_id: ConversationId
    role: Literal["user", "assistant", "system"]
    employee: Text
    content: Text
    created_at: datetime


class Fact(Line):
    """A fact with its history."""

    type: Literal["fact"]
    fact_id: UUID
    fact: Annotated[Text, Field(min_length=6)]
    source: Text
    confidence: Annotated[float, Field(ge=0, le=1)]
    source_message_id: UUID | None
    said_in: list[UUID]
    used_in: list[UUID]
    superseded_by: UUID | None
    superseded_at: datetime | None
    created_at: datetime


class GuardEvent(Line):
    """Something that was masked or refused."""

    type: Literal["guard_event"]
    turn_id: UUID
    kind: Literal["card", "iban", "national_id", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: Text | None
    text_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: datetime


class Metrics(Line):
    """A turn in numbers, or several that were turned away alike."""

    type: Literal["metrics"]
    turn_id: UUID
    employee: Text
    model: Text
    outcome: Literal["done", "stopped", "limited", "refused", "failed", "fallback"]
    latency_ms: Annotated[int, Field(ge=0)]
    ttft_ms: Annotated[int, Field(ge=0)] | None
    prompt_chars: int
    completion_chars: int
    prompt_tokens_est: int
    completion_tokens_est: int
    prompt_tokens: int | None
    completion_tokens: int | None
    success: bool
    error_code: ErrorCode | None
    times: Annotated[int, Field(gt=0, le=2**31 - 1)] = 1
    """How many there are of it: more than one only of what was turned away."""
    created_at: datetime

    @model_validator(mode="after")
    def _only_refusals_share_a_line(self) -> Self:
        if self.times > 1 and self.outcome not in AWAY:
            raise ValueError("times: only what was turned away is counted together")
        return self


class End(Line):
    """The last line; counts those between it and the first."""

    type: Literal["end"]
    lines: int


Kept = Conversation | Turn | Misroute | Message | Fact | GuardEvent | Metrics
AnyLine = Annotated[Begin | Kept | End, Field(discriminator="type")]
_adapter: TypeAdapter[AnyLine] = TypeAdapter(AnyLine)


def read(line: str | bytes) -> AnyLine:
    """A line of an export.

    Raises:
        ValueError: it is none; the message says which field, and nothing of its content.
    """
    try:
        return _adapter.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise ValueError(f"{where}: {first['msg']}") from None
