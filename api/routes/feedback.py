"""Feedback on answers: given and taken back by turn, and summed up for the dashboard."""

from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from api.auth.user import User
from api.metrics_period import Period, provide_period
from api.openapi import SIGNED_IN, refusals
from api.parameters import Cursor, EmployeeName, Limit, clean_and_mask, decode_cursor, paginate
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from nodes.employees import find
from storage.feedback import (
    AnsweredByThem,
    BadAnswer,
    EmployeeFeedback,
    Feedback,
    FeedbackCursor,
    FeedbackReason,
    NotAnswered,
    Rating,
)


class FeedbackRequest(BaseModel):
    """What a user says of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rating: Rating
    reason: FeedbackReason | None = None
    """Only of a bad answer."""
    comment: Annotated[str, Field(max_length=1000), AfterValidator(clean_and_mask)] | None = None
    employee: EmployeeName | None = None
    """Who should have answered; only where the reason is `wrong_employee`."""

    @model_validator(mode="after")
    def _gives_reasons_for_bad_answers(self) -> Self:
        if self.reason and self.rating == "up":
            raise ValueError("reason: only of an answer that is rated down")
        if self.employee and self.reason != "wrong_employee":
            raise ValueError("employee: only with the reason wrong_employee")
        return self


class FeedbackPage(TypedDict):
    """Ratings by employee, and the answers that were rated down."""

    range: str
    data: list[EmployeeFeedback]
    """The most rated employee first."""
    items: list[BadAnswer]
    """Answers that were rated down, the last one first."""
    next_cursor: str | None
    scope: Literal["own", "all"]
    """Whether they are the user's own, or for an administrator those of all users."""


@put(
    "/turns/{turn_id:uuid}/feedback",
    guards=[require_json],
    security=SIGNED_IN,
    tags=["turns"],
    responses=refusals(404, 409, 413, 415),
)
async def give_feedback(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    turn_id: FromPath[UUID],
    data: JSONBody[FeedbackRequest],
) -> Feedback:
    """Rate an answer, or change its rating."""
    wanted = find(data.employee)
    comment = data.comment and clean_and_mask(data.comment, also=service.dependencies.options.mask)
    feedback = Feedback(
        rating=data.rating, reason=data.reason, comment=comment, employee=wanted.slug if wanted else None
    )
    try:
        rated = await user_data.feedback.put(user.user_id, turn_id, feedback)
    except NotAnswered:
        raise Problem(409, "not_answered", "This turn has no answer to rate.") from None
    except AnsweredByThem:
        raise Problem(400, "invalid_request", "employee: that turn was answered by the same employee") from None
    if rated is None:
        raise _missing()
    if rated.is_new:
        service.metrics.count_feedback(rated.employee, data.rating)
    return feedback


@delete("/turns/{turn_id:uuid}/feedback", security=SIGNED_IN, tags=["turns"], responses=refusals(404))
async def take_feedback_back(
    user: NamedDependency[User], user_data: NamedDependency[UserData], turn_id: FromPath[UUID]
) -> None:
    """Take the rating of an answer back; nothing, where there is none."""
    if not await user_data.feedback.delete(user.user_id, turn_id):
        raise _missing()


@get(
    "/feedback",
    dependencies={"period": Provide(provide_period, sync_to_thread=False)},
    security=SIGNED_IN,
    tags=["metrics"],
    responses=refusals(),
)
async def bad_answers(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    period: NamedDependency[Period],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> FeedbackPage:
    """Your ratings by employee, and the answers you rated down; an administrator sees everyone's, without comments."""
    after = decode_cursor(cursor, FeedbackCursor)
    whose = None if user.sees_others else user.user_id
    if user.sees_others:
        await user_data.audit.record(user.user_id, "feedback", period.detail)
    rates = await user_data.feedback.rates(whose, period.window, period.only)
    found = await user_data.feedback.bad_answers(whose, period.window, period.only, limit=limit + 1, after=after)
    items, next_cursor = paginate(found, limit, lambda one: FeedbackCursor(one["created_at"], one["turn_id"]))
    scope: Literal["own", "all"] = "all" if user.sees_others else "own"
    return FeedbackPage(range=period.range, data=rates, items=items, next_cursor=next_cursor, scope=scope)


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such turn.")
