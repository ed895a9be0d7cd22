"""Proposals: what employees want to write for a user, who says yes or no to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, LiteralString, TypedDict, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.connections import Connection
from storage.pool import Pool

ProposalKind = Literal["categories", "rule", "receipts", "budget", "goal"]
ProposalStatus = Literal["open", "accepted", "refused", "undone"]


class Proposal(TypedDict):
    """A proposal."""

    proposal_id: UUID
    turn_id: UUID | None
    kind: ProposalKind
    content: Mapping[str, Any]
    """Of `categories`: `{"items": [{"transaction_id", "category", "by", "score"}]}`; of `rule`: a NewRule; of
    `receipts`: `{"items": [{"transaction_id", "document_id", "score"}]}`; of `budget` and `goal` what they are."""
    status: ProposalStatus
    created_at: datetime
    decided_at: datetime | None


class Proposals:
    """Proposals of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self,
        user_id: UUID,
        proposal_id: UUID,
        turn_id: UUID | None,
        kind: ProposalKind,
        content: Mapping[str, Any],
    ) -> None:
        """Keep a proposal; once, however often it is made."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "insert into finance_proposals (user_id, proposal_id, turn_id, kind, content)"
                " values (%(user_id)s, %(proposal_id)s, %(turn_id)s, %(kind)s, %(content)s) on conflict do nothing",
                {
                    "user_id": user_id, "proposal_id": proposal_id, "turn_id": turn_id, "kind": kind,
                    "content": Jsonb(content),
                },
            )  # fmt: skip

    async def find(self, user_id: UUID, proposal_id: UUID) -> Proposal | None:
        """A proposal; None where the user has no such one."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_FIND, {"user_id": user_id, "proposal_id": proposal_id})
            return cast("Proposal | None", await cursor.fetchone())

    async def open(self, user_id: UUID, *, limit: int) -> list[Proposal]:
        """Proposals that wait for the user's answer, the newest first."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                f"select {_COLUMNS} from finance_proposals"  # noqa: S608 (of literals)
                " where user_id = %(user_id)s and status = 'open'"
                " order by created_at desc, proposal_id limit %(limit)s",
                {"user_id": user_id, "limit": limit},
            )
            return cast("list[Proposal]", await cursor.fetchall())

    async def accept(self, user_id: UUID, proposal_id: UUID) -> Proposal | None:
        """Write what is proposed, once; returns the proposal, None where the user has no such one.

        One that was refused or undone is not written. What is gone meanwhile is left out.
        """
        async with self._pool.as_user(user_id) as conn:
            proposal = await _lock(conn, user_id, proposal_id)
            if proposal and proposal["status"] == "open":
                before = await _write(conn, user_id, _WRITE[proposal["kind"]], proposal["content"])
                await _decide(conn, user_id, proposal_id, "accepted", {"items": before})
                proposal = await _lock(conn, user_id, proposal_id)
        return proposal

    async def refuse(self, user_id: UUID, proposal_id: UUID) -> Proposal | None:
        """Refuse a proposal that is open; returns the proposal, None where the user has no such one."""
        async with self._pool.as_user(user_id) as conn:
            proposal = await _lock(conn, user_id, proposal_id)
            if proposal and proposal["status"] == "open":
                await _decide(conn, user_id, proposal_id, "refused", None)
                proposal = await _lock(conn, user_id, proposal_id)
        return proposal

    async def undo(self, user_id: UUID, proposal_id: UUID) -> Proposal | None:
        """Undo what accepting a proposal wrote, as far as nothing changed since; None where there is no such one."""
        async with self._pool.as_user(user_id) as conn:
            proposal = await _lock(conn, user_id, proposal_id)
            if proposal and proposal["status"] == "accepted":
                await conn.execute(_UNDO[proposal["kind"]], {"user_id": user_id, "proposal_id": proposal_id})
                await conn.execute(
                    "update finance_proposals set status = 'undone', decided_at = now()"
                    " where user_id = %(user_id)s and proposal_id = %(proposal_id)s",
                    {"user_id": user_id, "proposal_id": proposal_id},
                )
                proposal = await _lock(conn, user_id, proposal_id)
        return proposal


_COLUMNS: LiteralString = "proposal_id, turn_id, kind, content, status, created_at, decided_at"
_FIND: LiteralString = (
    f"select {_COLUMNS} from finance_proposals"  # noqa: S608 (of literals)
    " where user_id = %(user_id)s and proposal_id = %(proposal_id)s"
)


async def _lock(conn: Connection, user_id: UUID, proposal_id: UUID) -> Proposal | None:
    cursor = await conn.execute(_FIND + " for update", {"user_id": user_id, "proposal_id": proposal_id})
    return cast("Proposal | None", await cursor.fetchone())


async def _decide(
    conn: Connection, user_id: UUID, proposal_id: UUID, status: ProposalStatus, undo: Mapping[str, Any] | None
) -> None:
    await conn.execute(
        "update finance_proposals set status = %(status)s, undo = %(undo)s, decided_at = now()"
        " where user_id = %(user_id)s and proposal_id = %(proposal_id)s",
        {
            "user_id": user_id, "proposal_id": proposal_id, "status": status,
            "undo": Jsonb(undo) if undo is not None else None,
        },
    )  # fmt: skip


async def _write(conn: Connection, user_id: UUID, statement: LiteralString, content: Mapping[str, Any]) -> list[Any]:
    """Run the statement that a kind of proposal is written by; returns what is needed to undo it."""
    cursor = await conn.execute(statement, {"user_id": user_id, "content": Jsonb(content)})
    return [row["before"] for row in await cursor.fetchall()]


_WRITE: Mapping[ProposalKind, LiteralString] = {
    "categories": """
        with proposed as (
            select i.transaction_id, k.category, i.by from jsonb_to_recordset(%(content)s -> 'items')
                as i (transaction_id uuid, category text, by text)
            join finance_categories k on k.user_id = %(user_id)s and k.category = i.category
        ), free as (
            select t.transaction_id, t.category, t.category_by, t.rule_id, p.category as new, p.by
            from finance_transactions t join proposed p using (transaction_id)
            where t.user_id = %(user_id)s and t.category_by is distinct from 'user' for update of t
        ), written as (
            update finance_transactions t
            set category = f.new, category_by = f.by, rule_id = null, updated_at = now()
            from free f where t.user_id = %(user_id)s and t.transaction_id = f.transaction_id
        )
        select to_jsonb(f) as before from free f
    """,
    "rule": """
        with rule as (
            insert into finance_rules (user_id, field, match, pattern, category)
            select %(user_id)s, c ->> 'field', c ->> 'match', lower(c ->> 'pattern'), k.category
            from (select %(content)s::jsonb as c) as given
            join finance_categories k on k.user_id = %(user_id)s and k.category = c ->> 'category'
            on conflict do nothing returning rule_id, field, match, pattern, category
        ), free as (
            select t.transaction_id, t.category, t.category_by, t.rule_id, r.category as new, r.rule_id as new_rule
            from finance_transactions t, rule r
            where t.user_id = %(user_id)s and (t.category_by is null or t.category_by in ('bank', 'similar', 'model'))
            and rule_matches(r.field, r.match, r.pattern, t.counterparty, t.body) for update of t
        ), written as (
            update finance_transactions t
            set category = f.new, category_by = 'rule', rule_id = f.new_rule, updated_at = now()
            from free f where t.user_id = %(user_id)s and t.transaction_id = f.transaction_id
        )
        select jsonb_build_object('rule_id', rule_id) as before from rule
        union all select to_jsonb(f) from free f
    """,
    "receipts": """
        with proposed as (
            select i.transaction_id, d.document_id from jsonb_to_recordset(%(content)s -> 'items')
                as i (transaction_id uuid, document_id uuid)
            join finance_documents d on d.user_id = %(user_id)s and d.document_id = i.document_id
        ), free as (
            select t.transaction_id, t.receipt_id, p.document_id as new
            from finance_transactions t join proposed p using (transaction_id)
            where t.user_id = %(user_id)s for update of t
        ), written as (
            update finance_transactions t set receipt_id = f.new, updated_at = now()
            from free f where t.user_id = %(user_id)s and t.transaction_id = f.transaction_id
        )
        select to_jsonb(f) as before from free f
    """,
    "budget": """
        with given as (select %(content)s::jsonb as c),
        before as (
            select b.category, b.currency, b.amount from finance_budgets b, given
            where b.user_id = %(user_id)s and b.category = c ->> 'category' and b.currency = c ->> 'currency'
        ), written as (
            insert into finance_budgets (user_id, category, currency, amount)
            select %(user_id)s, k.category, c ->> 'currency', (c ->> 'amount')::numeric
            from given join finance_categories k on k.user_id = %(user_id)s and k.category = c ->> 'category'
            on conflict (user_id, category, currency) do update set amount = excluded.amount
            returning category, currency, amount
        )
        select jsonb_build_object('category', w.category, 'currency', w.currency, 'new', w.amount, 'amount', b.amount)
            as before
        from written w left join before b using (category, currency)
    """,
    "goal": """
        insert into finance_goals (user_id, name, target, saved, currency, due_on)
        select %(user_id)s, c ->> 'name', (c ->> 'target')::numeric, coalesce((c ->> 'saved')::numeric, 0),
               c ->> 'currency', (c ->> 'due_on')::date
        from (select %(content)s::jsonb as c) as given
        returning jsonb_build_object('goal_id', goal_id) as before
    """,
}
"""The statement that writes a proposal of each kind. It leaves out what is gone meanwhile, and what a user chose."""

_UNDO: Mapping[ProposalKind, LiteralString] = {
    "categories": """
        update finance_transactions t
        set category = k.category, category_by = b.category_by, rule_id = r.rule_id, updated_at = now()
        from finance_proposals p cross join lateral jsonb_to_recordset(p.undo -> 'items')
            as b (transaction_id uuid, category text, category_by text, rule_id uuid, new text, by text)
        left join finance_categories k on k.user_id = p.user_id and k.category = b.category
        left join finance_rules r on r.user_id = p.user_id and r.rule_id = b.rule_id
        where p.user_id = %(user_id)s and p.proposal_id = %(proposal_id)s
        and t.user_id = p.user_id and t.transaction_id = b.transaction_id
        and t.category = b.new and t.category_by = b.by
    """,
    "rule": """
        with undone as (
            select b.* from finance_proposals p cross join lateral jsonb_to_recordset(p.undo -> 'items')
                as b (transaction_id uuid, category text, category_by text, rule_id uuid, new_rule uuid)
            where p.user_id = %(user_id)s and p.proposal_id = %(proposal_id)s
        ), freed as (
            update finance_transactions t
            set category = k.category, category_by = case when k.category is not null then b.category_by end,
                rule_id = null, updated_at = now()
            from undone b left join finance_categories k on k.user_id = %(user_id)s and k.category = b.category
            where t.user_id = %(user_id)s and t.transaction_id = b.transaction_id and t.rule_id = b.new_rule
        )
        delete from finance_rules r using undone b
        where r.user_id = %(user_id)s and b.transaction_id is null and r.rule_id = b.rule_id
    """,
    "receipts": """
        update finance_transactions t set receipt_id = d.document_id, updated_at = now()
        from finance_proposals p cross join lateral jsonb_to_recordset(p.undo -> 'items')
            as b (transaction_id uuid, receipt_id uuid, new uuid)
        left join finance_documents d on d.user_id = p.user_id and d.document_id = b.receipt_id
        where p.user_id = %(user_id)s and p.proposal_id = %(proposal_id)s
        and t.user_id = p.user_id and t.transaction_id = b.transaction_id and t.receipt_id = b.new
    """,
    "budget": """
        with undone as (
            select b.* from finance_proposals p cross join lateral jsonb_to_recordset(p.undo -> 'items')
                as b (category text, currency text, new numeric, amount numeric)
            where p.user_id = %(user_id)s and p.proposal_id = %(proposal_id)s
        ), reset as (
            update finance_budgets f set amount = b.amount from undone b
            where f.user_id = %(user_id)s and f.category = b.category and f.currency = b.currency
            and f.amount = b.new and b.amount is not null
        )
        delete from finance_budgets f using undone b
        where f.user_id = %(user_id)s and f.category = b.category and f.currency = b.currency
        and f.amount = b.new and b.amount is null
    """,
    "goal": """
        delete from finance_goals g
        using finance_proposals p cross join lateral jsonb_to_recordset(p.undo -> 'items') as b (goal_id uuid)
        where p.user_id = %(user_id)s and p.proposal_id = %(proposal_id)s
        and g.user_id = p.user_id and g.goal_id = b.goal_id
    """,
}
"""The statement that undoes it, where nothing changed since."""
