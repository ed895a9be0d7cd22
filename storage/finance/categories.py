"""Categories of transactions; each user has their own."""

import re
import unicodedata
from typing import Literal, NamedTuple, TypedDict, cast
from uuid import UUID

from psycopg.errors import UniqueViolation

from storage.connections import Connection
from storage.pool import Pool
from storage.users import ensure_user

CategoryKind = Literal["expense", "income", "transfer"]
MAX_CATEGORIES = 200
"""Of a user."""


class Default(NamedTuple):
    """A category that users have from the start."""

    category: str
    name: str
    kind: CategoryKind = "expense"
    deductible: bool = False


DEFAULTS = (
    Default("housing", "Housing"),
    Default("utilities", "Utilities"),
    Default("groceries", "Groceries"),
    Default("eating_out", "Eating out"),
    Default("transport", "Transport"),
    Default("car", "Car"),
    Default("health", "Health"),
    Default("insurance", "Insurance"),
    Default("phone_internet", "Phone and internet"),
    Default("subscriptions", "Subscriptions"),
    Default("shopping", "Shopping"),
    Default("clothing", "Clothing"),
    Default("leisure", "Leisure"),
    Default("travel", "Travel"),
    Default("children", "Children"),
    Default("education", "Education"),
    Default("gifts", "Gifts"),
    Default("donations", "Donations", deductible=True),
    Default("work_expenses", "Work expenses", deductible=True),
    Default("taxes", "Taxes"),
    Default("fees", "Fees and interest"),
    Default("cash", "Cash"),
    Default("debt_payments", "Debt payments"),
    Default("other", "Other"),
    Default("salary", "Salary", "income"),
    Default("other_income", "Other income", "income"),
    Default("refunds", "Refunds", "income"),
    Default("transfers", "Transfers", "transfer"),
    Default("savings", "Savings", "transfer"),
)
"""What users begin with. `deductible` is only what lowers taxes in most countries; users change it."""
DEFAULT_NAMES = {one.category: one.name for one in DEFAULTS}


class Category(TypedDict):
    """A category of a user."""

    category: str
    """Its slug, which never changes."""
    name: str
    kind: CategoryKind
    deductible: bool
    """Whether what is in it may lower taxes."""


class CategoryExists(Exception):
    """The user has a category of this name."""


class TooManyCategories(Exception):
    """The user has as many categories as they may."""


def slug_of(name: str) -> str:
    """The slug of a category with this name: lower-case ASCII letters and digits; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60].strip("_")


async def ensure_categories(conn: Connection, user_id: UUID) -> None:
    """Give the user the default categories, if they have none."""
    await ensure_user(conn, user_id)
    await conn.execute(
        "insert into finance_categories (user_id, category, name, kind, deductible)"
        " select %(user_id)s, * from unnest("
        "  %(slugs)s::text[], %(names)s::text[], %(kinds)s::text[], %(deductible)s::bool[])"
        " where not exists (select from finance_categories where user_id = %(user_id)s) on conflict do nothing",
        {
            "user_id": user_id, "slugs": [one.category for one in DEFAULTS], "names": [one.name for one in DEFAULTS],
            "kinds": [one.kind for one in DEFAULTS], "deductible": [one.deductible for one in DEFAULTS],
        },
    )  # fmt: skip


class Categories:
    """Categories of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, user_id: UUID) -> list[Category]:
        """The user's categories by kind and name; the defaults where they have none yet."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select category, name, kind, deductible from finance_categories where user_id = %(user_id)s"
                " order by kind, name, category",
                {"user_id": user_id},
            )
            rows = await cursor.fetchall()
        if not rows:
            rows = [one._asdict() for one in sorted(DEFAULTS, key=lambda one: (one.kind, one.name))]
        return cast("list[Category]", rows)

    async def add(self, user_id: UUID, name: str, kind: CategoryKind, *, deductible: bool = False) -> Category:
        """Add a category.

        Raises:
            CategoryExists, TooManyCategories: nothing is added.
            ValueError: the name has no letter or digit of which a slug could be made.
        """
        slug = slug_of(name)
        if not slug:
            raise ValueError("a name needs a letter or a digit")
        new = Category(category=slug, name=name, kind=kind, deductible=deductible)
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            try:
                cursor = await conn.execute(
                    "insert into finance_categories (user_id, category, name, kind, deductible)"
                    " select %(user_id)s, %(category)s, %(name)s, %(kind)s, %(deductible)s"
                    " where (select count(*) from finance_categories where user_id = %(user_id)s) < %(max)s",
                    {**new, "user_id": user_id, "max": MAX_CATEGORIES},
                )
            except UniqueViolation:
                raise CategoryExists from None
        if not cursor.rowcount:
            raise TooManyCategories
        return new

    async def change(
        self,
        user_id: UUID,
        category: str,
        *,
        name: str | None = None,
        kind: CategoryKind | None = None,
        deductible: bool | None = None,
    ) -> Category | None:
        """Change what is not None; returns the category, None where the user has no such one."""
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            cursor = await conn.execute(
                "update finance_categories set name = coalesce(%(name)s, name), kind = coalesce(%(kind)s, kind),"
                " deductible = coalesce(%(deductible)s, deductible)"
                " where user_id = %(user_id)s and category = %(category)s"
                " returning category, name, kind, deductible",
                {"user_id": user_id, "category": category, "name": name, "kind": kind, "deductible": deductible},
            )
            return cast("Category | None", await cursor.fetchone())

    async def delete(self, user_id: UUID, category: str) -> bool:
        """Delete a category with its rules and its budget; its rows have none then. Returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            cursor = await conn.execute(
                "with freed as (update finance_transactions set category = null, category_by = null, rule_id = null"
                "  where user_id = %(user_id)s and category = %(category)s)"
                " delete from finance_categories where user_id = %(user_id)s and category = %(category)s",
                {"user_id": user_id, "category": category},
            )
            return cursor.rowcount == 1
