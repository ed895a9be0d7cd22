"""The lines of an export, as they are read back: from a file that anybody may have written."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from storage.metrics import AWAY, ErrorCode, Outcome

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _no_folder(conversation_id: str) -> str:
    if conversation_id in (".", ".."):
        raise ValueError("stands for a folder in an address")
    return conversation_id


def _plausible(time: datetime) -> datetime:
    if not EARLIEST <= time <= datetime.now(UTC) + timedelta(days=1):
        raise ValueError("lies in the future, or before there was such a thing")
    return time


ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$"), AfterValidator(_no_folder)]
Time = Annotated[AwareDatetime, AfterValidator(_plausible)]
# Postgres takes NUL in no text. The lengths are above what the program itself writes: normalising and masking may
# lengthen a text that had the longest that the API takes.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Title = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[^\x00]*$")]
Sentence = Annotated[str, Field(min_length=6, max_length=900, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=100_000, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Field(ge=0, le=2_147_483_647)]


class Line(BaseModel):
    """A line. What a later version adds to it is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Begin(Line):
    """The first line."""

    type: Literal["export"]
    format: Literal[1]


class Conversation(Line):
    """A conversation with its summary."""

    type: Literal["conversation"]
    conversation_id: ConversationId
    title: Title
    last_employee: Name | None
    created_at: Time
    updated_at: Time
    summary: Text | None
    summary_covers: UUID | None


class Turn(Line):
    """A turn."""

    type: Literal["turn"]
    turn_id: UUID
    conversation_id: ConversationId
    status: Literal["streaming", "answered", "done", "stopped", "failed", "accepted"]
    """`accepted` is what files of an earlier release call `streaming`."""
    asked_employee: Name | None
    employee: Name
    finish_reason: Literal["stop", "length", "timeout", "stopped", "blocked"] | None
    error_code: ErrorCode | None
    created_at: Time
    updated_at: Time


class Misroute(Line):
    """A turn that was answered by the wrong employee."""

    type: Literal["misroute"]
    turn_id: UUID
    chosen_employee: Name
    wanted_employee: Name
    created_at: Time

    @model_validator(mode="after")
    def _another(self) -> Self:
        if self.wanted_employee == self.chosen_employee:
            raise ValueError("the wanted employee is the chosen one")
        return self


class Message(Line):
    """A message."""

    type: Literal["message"]
    message_id: UUID
    turn_id: UUID
    conversation_id: ConversationId
    role: Literal["user", "assistant"]
    employee: Name
    content: Text
    created_at: Time


class Fact(Line):
    """A fact with its history."""

    type: Literal["fact"]
    fact_id: UUID
    fact: Sentence
    source: Literal["chat"]
    confidence: Annotated[float, Field(ge=0, le=1)]
    source_message_id: UUID | None
    said_in: list[UUID]
    used_in: list[UUID]
    superseded_by: UUID | None
    superseded_at: Time | None
    created_at: Time

    @model_validator(mode="after")
    def _superseded_by_another(self) -> Self:
        if self.superseded_by is not None and (self.superseded_at is None or self.superseded_by == self.fact_id):
            raise ValueError("superseded by itself, or at no time")
        return self


class GuardEvent(Line):
    """Something that was masked or refused."""

    type: Literal["guard_event"]
    turn_id: UUID
    kind: Literal["card", "iban", "national_id", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: Name | None
    text_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: Time


class Metrics(Line):
    """A turn in numbers, or several that were turned away alike."""

    type: Literal["metrics"]
    turn_id: UUID
    employee: Name
    model: Name
    outcome: Outcome
    latency_ms: Count
    ttft_ms: Count | None
    prompt_chars: Count
    completion_chars: Count
    prompt_tokens_est: Count
    completion_tokens_est: Count
    prompt_tokens: Count | None
    completion_tokens: Count | None
    success: bool
    error_code: ErrorCode | None
    times: Annotated[int, Field(gt=0, le=2**31 - 1)] = 1
    """How many there are of it: more than one only of what was turned away."""
    created_at: Time

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
        raise ValueError(_first(error)) from None


def changed(line: Kept, fields: dict[str, Any]) -> Kept:
    """The line with other values in these fields.

    Raises:
        ValueError: they are not fit for it, as in `read`.
    """
    try:
        return type(line).model_validate(line.model_dump() | fields)
    except ValidationError as error:
        raise ValueError(f"{line.type}.{_first(error)}") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "line"
    # Its own words for a type that there is not would repeat it.
    return f"{where}: {'no known type' if first['type'] == 'union_tag_invalid' else first['msg']}"
