"""The administrators' audit log in the database."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from storage.admin_audit import AdminAudit
from storage.pool import Pool
from tests.storage.rows import Owner

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
