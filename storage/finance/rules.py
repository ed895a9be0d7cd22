"""Rules that give categories to transactions. The oldest that matches counts; what a user chose is never changed."""

from typing import Any, Literal, LiteralString, TypedDict, cast
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from storage.finance.categories import ensure_categories
from storage.finance.transactions import NoSuchCategory
from storage.pool import Pool

RuleField = Literal["counterparty", "text", "any"]
RuleMatch = Literal["contains", "equals", "starts"]
MAX_RULES = 500
"""Of a user."""


class NewRule(TypedDict):
    """What a rule is for, and what it gives."""

    field: RuleField
    match: RuleMatch
    pattern: str
    """Upper and lower case are the same."""
    category: str


class Rule(NewRule):
    """A rule of a user."""

    rule_id: UUID
    transactions: int
    """That have their category from it."""


class RulePreview(TypedDict):
    """What a rule would do."""

    matching: int
    changed: int
    """Of those: without a category now, or with one that no user chose and no older rule gave."""


class RuleExists(Exception):
    """The user has a rule for the same words."""


class TooManyRules(Exception):
    """The user has as many rules as they may."""


class Rules:
    """Rules of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def preview(self, user_id: UUID, rule: NewRule) -> RulePreview:
        """What a rule would do, if it were added now."""
        async with self._pool.as_user(user_id) as conn:
            row = await (await conn.execute(_PREVIEW, _values(user_id, rule))).fetchone()
        return cast(RulePreview, row)

    async def add(self, user_id: UUID, rule: NewRule) -> UUID:
        """Add a rule and apply it to what is there; returns its id.

        Raises:
            NoSuchCategory, RuleExists, TooManyRules: nothing is added.
        """
        values = _values(user_id, rule)
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            try:
                cursor = await conn.execute(_INSERT, {**values, "max": MAX_RULES})
            except ForeignKeyViolation:
                raise NoSuchCategory from None
            except UniqueViolation:
                raise RuleExists from None
            row = await cursor.fetchone()
            if row is None:
                raise TooManyRules
            await conn.execute(_APPLY, {**values, "rule_id": row["rule_id"]})
        return cast(UUID, row["rule_id"])

    async def delete(self, user_id: UUID, rule_id: UUID) -> bool:
        """Delete a rule and take back the categories that it gave; returns whether it existed."""
        values = {"user_id": user_id, "rule_id": rule_id}
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "update finance_transactions"
                " set category = null, category_by = null, rule_id = null, updated_at = now()"
                " where user_id = %(user_id)s and rule_id = %(rule_id)s",
                values,
            )
            cursor = await conn.execute(
                "delete from finance_rules where user_id = %(user_id)s and rule_id = %(rule_id)s", values
            )
            return cursor.rowcount == 1

    async def list(self, user_id: UUID) -> list[Rule]:
        """The user's rules in their order."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select r.rule_id, r.field, r.match, r.pattern, r.category, count(t.transaction_id) as transactions"
                " from finance_rules r left join finance_transactions t using (user_id, rule_id)"
                " where r.user_id = %(user_id)s group by r.user_id, r.rule_id order by r.created_at, r.rule_id",
                {"user_id": user_id},
            )
            return cast("list[Rule]", await cursor.fetchall())


def _values(user_id: UUID, rule: NewRule) -> dict[str, Any]:
    return {"user_id": user_id, **rule}


_FREE: LiteralString = "(t.category_by is null or t.category_by in ('bank', 'similar', 'model'))"
"""Condition on a transaction `t`: a rule may give it a category."""
_MATCHES: LiteralString = "rule_matches(%(field)s, %(match)s, %(pattern)s, t.counterparty, t.body)"
_PREVIEW: LiteralString = (
    f"select count(*) as matching, count(*) filter (where {_FREE}) as changed"  # noqa: S608 (of literals)
    f" from finance_transactions t where t.user_id = %(user_id)s and {_MATCHES}"
)
_INSERT: LiteralString = (
    "insert into finance_rules (user_id, field, match, pattern, category)"
    " select %(user_id)s, %(field)s, %(match)s, lower(%(pattern)s), %(category)s"
    " where (select count(*) from finance_rules where user_id = %(user_id)s) < %(max)s returning rule_id"
)
_APPLY: LiteralString = (
    "update finance_transactions t set category = %(category)s, category_by = 'rule', rule_id = %(rule_id)s,"  # noqa: S608 (of literals)
    f" updated_at = now() where t.user_id = %(user_id)s and {_FREE} and {_MATCHES}"
)
