"""The administrators' audit log in the database."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from storage.admin_audit import AdminAudit
from storage.metrics import Metrics
from storage.pool import Pool
from storage.turn_metrics import TurnMetricsQueries
from tests.storage.rows import Owner, answered, save_answered, turn_metrics

CLAIMS = {
    "a user": '{"sub": "00000000-0000-4000-8000-000000000001", "role": "authenticated"}',
    "nobody": "",
    "another administrator": '{"sub": "00000000-0000-4000-8000-000000000002", "role": "admin"}',
}


async def test_the_same_again_adds_nothing_for_an_hour(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Of one administrator; another detail, another administrator and the next hour are entries of their own."""
    audit = AdminAudit(pool)
    for admin, detail in ((ada, "range=24h"), (ada, "range=24h"), (ada, "range=7d"), (bob, "range=24h")):
        await audit.record(admin, "metrics_summary", detail)
    owner.execute("update chat_admin_audit set created_at = created_at - interval '61 minutes'")
    await audit.record(ada, "metrics_summary", "range=24h")
    entries = [(entry["admin_id"], entry["detail"]) for entry in await audit.latest(bob, limit=9)]
    assert entries == [(ada, "range=24h"), (bob, "range=24h"), (ada, "range=7d"), (ada, "range=24h")]


@pytest.mark.parametrize("claims", [CLAIMS["a user"], CLAIMS["nobody"]], ids=["a user", "nobody"])
async def test_only_administrators_see_entries(pool: Pool, owner: Owner, ada: UUID, claims: str) -> None:
    """The role alone is not enough."""
    await AdminAudit(pool).record(ada, "audit")
    with owner.transaction(force_rollback=True):
        owner.execute("set local role frontdesk_auditor")
        owner.execute("select set_config('request.jwt.claims', %(claims)s, true)", {"claims": claims})
        assert owner.execute("select from chat_admin_audit").rowcount == 0


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS.keys())
def test_nobody_adds_entries_in_anothers_name(owner: Owner, ada: UUID, claims: str) -> None:
    """Only the administrator whom the transaction names."""
    with owner.transaction(force_rollback=True):
        owner.execute("set local role frontdesk_auditor")
        owner.execute("select set_config('request.jwt.claims', %(claims)s, true)", {"claims": claims})
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            owner.execute("insert into chat_admin_audit (admin_id, action) values (%(ada)s, 'audit')", {"ada": ada})


@pytest.mark.parametrize("statement", ["delete from chat_admin_audit", "update chat_admin_audit set detail = ''"])
def test_no_entry_is_changed_or_taken_away(owner: Owner, statement: LiteralString) -> None:
    """Not by the role that adds them."""
    with owner.transaction(force_rollback=True):
        owner.execute("set local role frontdesk_auditor")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            owner.execute(statement)


async def test_nobody_looks_into_a_turn_without_an_entry(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Not in a transaction of a user, and an entry that cannot be stored shows nothing."""
    turn = await save_answered(pool, ada, answered("I sell biscuits"))
    await Metrics(pool).record(ada, turn, turn_metrics())
    look = "select * from read_turn_said(%(bob)s, %(turn)s)"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with pool.as_user(bob) as conn:
            await conn.execute(look, {"bob": bob, "turn": turn})
    owner.execute("alter table chat_admin_audit add constraint full_up check (false) not valid")
    with pytest.raises(psycopg.errors.CheckViolation):
        await TurnMetricsQueries(pool).content(bob, turn)
    owner.execute("alter table chat_admin_audit drop constraint full_up")
    found = await TurnMetricsQueries(pool).content(bob, turn)
    assert found == {"message": "I sell biscuits", "answer": "Hi", "reason": None, "reason_code": None, "keyword": None}
    assert [(entry["action"], entry["detail"]) for entry in await AdminAudit(pool).latest(bob, limit=9)] == [
        ("turn_content", str(turn))
    ]
