"""What all lines of an export have in common."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _not_a_folder(conversation_id: str) -> str:
    if conversation_id in (".", ".."):
        raise ValueError("is a relative path in a URL")
    return conversation_id


def _plausible(time: datetime) -> datetime:
    if not EARLIEST <= time <= datetime.now(UTC) + timedelta(days=1):
        raise ValueError("lies in the future, or before 2000")
    return time


ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$"), AfterValidator(_not_a_folder)]
Time = Annotated[AwareDatetime, AfterValidator(_plausible)]
# Postgres rejects NUL in texts. The lengths exceed the API's limits: normalising and masking may lengthen a text.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Title = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[^\x00]*$")]
Sentence = Annotated[str, Field(min_length=6, max_length=900, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=100_000, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Field(ge=0, le=2_147_483_647)]


class Line(BaseModel):
    """A line. Fields that a later version added are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
