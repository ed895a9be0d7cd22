"""Lines of an export, validated when they are read: the file may have been changed."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from storage.account_export.finance_lines import FinanceLine
from storage.account_export.line import ConversationId, Count, Line, Name, Sentence, Text, Time, Title
from storage.feedback import FeedbackReason, Rating
from storage.metrics import REJECTED, ErrorCode, Outcome
from storage.turns import VersionKind


class ExportStart(Line):
    """The first line."""

    type: Literal["export"]
    format: Literal[1]


class Settings(Line):
    """The user's settings, where they are not the defaults."""

    type: Literal["settings"]
    memory: bool


class Conversation(Line):
    """A conversation with its summary."""

    type: Literal["conversation"]
    conversation_id: ConversationId
    title: Title
    titled_by: Literal["message", "model", "user"] = "user"
    pinned: bool = False
    """Files of an earlier release have neither, nor `temporary`."""
    last_employee: Name | None
    temporary: bool = False
    created_at: Time
    updated_at: Time
    summary: Text | None
    summary_covers: UUID | None


class Thread(Line):
    """What a LangGraph client keeps of a conversation, which may have no message yet."""

    type: Literal["thread"]
    conversation_id: ConversationId
    metadata: dict[str, Any]
    created_at: Time
    updated_at: Time


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
    forgotten: bool = False
    """Whether a fact that was learned from it was deleted; files of an earlier release do not say."""
    parent: UUID | None = None
    """The turn before it; zero for a first one; None where the order of the messages says it."""
    replaces: UUID | None = None
    version: VersionKind | None = None
    summary: Text | None = None
    """At its end."""
    summary_covers: UUID | None = None
    created_at: Time
    updated_at: Time


class Misroute(Line):
    """A turn whose user wanted another employee."""

    type: Literal["misroute"]
    turn_id: UUID
    chosen_employee: Name
    wanted_employee: Name
    from_feedback: bool = False
    """Whether feedback alone says so; files of an earlier release do not say."""
    created_at: Time

    @model_validator(mode="after")
    def _wants_another_employee(self) -> Self:
        if self.wanted_employee == self.chosen_employee:
            raise ValueError("the wanted employee is the chosen one")
        return self


class Replacement(Line):
    """Of a fact by another one, which holds where that one is not withdrawn."""

    replaced_by: UUID
    replaced_at: Time


class Feedback(Line):
    """What the user said of an answer."""

    type: Literal["feedback"]
    turn_id: UUID
    employee: Name
    rating: Rating
    reason: FeedbackReason | None
    comment: Annotated[str, Field(min_length=1, max_length=3000, pattern=r"^[^\x00]*$")] | None
    wanted_employee: Name | None
    created_at: Time
    updated_at: Time

    @model_validator(mode="after")
    def _gives_reasons_for_bad_answers(self) -> Self:
        if self.reason and self.rating == "up":
            raise ValueError("a reason of a good answer")
        if self.wanted_employee and (self.reason != "wrong_employee" or self.wanted_employee == self.employee):
            raise ValueError("another employee is wanted only instead of the wrong one")
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
    generated_by: Literal["ai", "template"] | None = None
    """Who wrote an answer; files of an earlier release do not say."""
    superseded: bool = False
    """Whether another version took its place."""
    created_at: Time


class Fact(Line):
    """A fact with its sources."""

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
    withdrawn_at: Time | None = None
    replacements: Annotated[list[Replacement], Field(default_factory=list)]
    created_at: Time

    @model_validator(mode="after")
    def _superseded_by_another(self) -> Self:
        if self.superseded_by is not None and (self.superseded_at is None or self.superseded_by == self.fact_id):
            raise ValueError("superseded by itself, or without a time")
        return self


class GuardEvent(Line):
    """A finding of the guard."""

    type: Literal["guard_event"]
    turn_id: UUID
    kind: Literal["card", "iban", "national_id", "secret", "email", "phone", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: Name | None
    text_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: Time


Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StepTimes(Line):
    """How long each step of a turn took."""

    guard_ms: Milliseconds | None = None
    wait_ms: Milliseconds | None = None
    route_ms: Milliseconds | None = None
    memory_ms: Milliseconds | None = None
    model_ms: Milliseconds | None = None


class Metrics(Line):
    """Metrics of a turn, or of several rejected ones that share a row."""

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
    cached_tokens: Count | None = None
    background_model: Name | None = None
    background_prompt_tokens: Count | None = None
    background_cached_tokens: Count | None = None
    background_completion_tokens: Count | None = None
    prompt_version: Name | None = None
    timing: StepTimes | None = None
    attempts: Count | None = None
    trace_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = None
    success: bool
    error_code: ErrorCode | None
    times: Annotated[int, Field(gt=0, le=2**31 - 1)] = 1
    """Number of turns; more than one only for rejected turns."""
    created_at: Time

    @model_validator(mode="after")
    def _only_rejected_turns_share_a_line(self) -> Self:
        if self.times > 1 and self.outcome not in REJECTED:
            raise ValueError("times: only rejected turns share a line")
        return self


class ExportEnd(Line):
    """The last line, with the number of lines between it and the first."""

    type: Literal["end"]
    lines: int


AccountLine = (
    Settings | Conversation | Thread | Turn | Misroute | Feedback | Message | Fact | GuardEvent | Metrics | FinanceLine
)
ExportLine = Annotated[ExportStart | AccountLine | ExportEnd, Field(discriminator="type")]
_adapter: TypeAdapter[ExportLine] = TypeAdapter(ExportLine)


def parse_line(line: str | bytes) -> ExportLine:
    """Parse a line of an export.

    Raises:
        ValueError: it is invalid; the message names the field and does not repeat its content.
    """
    try:
        return _adapter.validate_json(line)
    except ValidationError as error:
        raise ValueError(_first_error(error)) from None


def with_fields(line: AccountLine, fields: dict[str, Any]) -> AccountLine:
    """The line with other values in these fields.

    Raises:
        ValueError: they are invalid, as in `parse_line`.
    """
    try:
        return type(line).model_validate(line.model_dump() | fields)
    except ValidationError as error:
        raise ValueError(f"{line.type}.{_first_error(error)}") from None


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "line"
    # pydantic's message for an unknown type repeats its value.
    return f"{where}: {'unknown type' if first['type'] == 'union_tag_invalid' else first['msg']}"
