"""Tokens of answers, summaries and facts, from which their price is computed: by day, model and employee, or user."""

from datetime import date, datetime
from typing import LiteralString, NamedTuple, TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.metrics_window import MATCHES, TimeWindow, TurnFilter, parameters
from storage.pool import Pool


class Tokens(TypedDict):
    """Tokens of one model on one day: of answers, and of the summaries and facts that follow them."""

    day: date
    """In UTC."""
    model: str
    turns: int
    """Turns that the model answered."""
    estimated: int
    """Turns whose tokens the model did not count, so that they are estimates."""
    prompt_tokens: int
    cached_tokens: int
    """Of the prompt's tokens, those that the provider said it read from its cache."""
    completion_tokens: int


class EmployeeTokens(Tokens):
    """The same of one employee."""

    employee_slug: str


class UserTokens(Tokens):
    """The same of one user."""

    user_key: str
    """A keyed hash: the same for the same user, and nobody's id."""


class TokenUsage(NamedTuple):
    """Tokens of a window of time."""

    since: datetime
    until: datetime
    rows: list[EmployeeTokens]


class TokenUsageQueries:
    """Tokens of the answers of a user, or of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(self, user_id: UUID, window: TimeWindow, only: TurnFilter) -> TokenUsage:
        """Those of the user's own answers."""
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            return await _usage(conn, window, only)

    async def of_all_users(self, window: TimeWindow, only: TurnFilter) -> TokenUsage:
        """Those of everyone's answers."""
        async with self._pool.as_analyst() as conn:
            return await _usage(conn, window, only)

    async def by_user(
        self, admin_id: UUID, since: datetime, until: datetime, only: TurnFilter, *, limit: int
    ) -> list[UserTokens]:
        """Those of the users with most tokens, for an administrator."""
        rows = await self._pool.call(
            "select user_key, day, model, turns, estimated, prompt_tokens, cached_tokens, completion_tokens"
            " from tokens_by_user(%(admin_id)s, %(since)s, %(until)s, %(employee)s, %(model)s, %(outcome)s, %(limit)s)",
            {"admin_id": admin_id, "since": since, "until": until, "limit": limit, **only._asdict()},
        )
        return [UserTokens(**row) for row in rows]  # type: ignore[typeddict-item]


async def _usage(conn: Connection, window: TimeWindow, only: TurnFilter) -> TokenUsage:
    values = await parameters(conn, window, only)
    rows = await (await conn.execute(_TOKENS, values)).fetchall()
    return TokenUsage(values["since"], values["until"], [EmployeeTokens(**row) for row in rows])  # type: ignore[typeddict-item]


_TOKENS: LiteralString = (
    "select (m.created_at at time zone 'UTC')::date as day, u.model, m.employee_slug, count(u.counted) as turns,"  # noqa: S608 (of literals)
    " count(*) filter (where not u.counted) as estimated, sum(u.prompt_tokens)::bigint as prompt_tokens,"
    " coalesce(sum(u.cached_tokens), 0)::bigint as cached_tokens, sum(u.completion_tokens)::bigint as completion_tokens"
    " from xai_chat_metrics m cross join lateral ("
    "   select m.model, m.prompt_tokens is not null as counted,"
    "     coalesce(m.prompt_tokens, m.prompt_tokens_est) as prompt_tokens, m.cached_tokens,"
    "     coalesce(m.completion_tokens, m.completion_tokens_est) as completion_tokens"
    "   where m.outcome in ('done', 'stopped')"
    "   union all select m.background_model, null, m.background_prompt_tokens, m.background_cached_tokens,"
    "     m.background_completion_tokens where m.background_model is not null) u"
    f" where {MATCHES} group by 1, 2, 3 order by 1, 2, 3"
)
