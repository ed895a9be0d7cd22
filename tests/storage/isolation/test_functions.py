"""The database's functions act for one user, whichever ids they are given."""

import ast
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

import storage
from storage.errors import Gone
from storage.pool import Pool
from tests.storage.isolation.ada_rows import SECRET, AdaRows
from tests.storage.isolation.conftest import Case
from tests.storage.rows import MODEL, Owner, accepted, rows, save_accepted
from tests.storage.test_rights import ROLES

FINDINGS = json.dumps([{"kind": "card", "action": "masked", "text_hash": "0" * 64}])
EVENTS = '[{"event": "start", "data": {}}]'
METRICS = (
    '{"employee": "tag", "model": "gpt", "outcome": "done", "latency_ms": 1, "prompt_chars": 1, "completion_chars": 1,'
    ' "prompt_tokens_est": 1, "completion_tokens_est": 1, "success": true}'
)


class Step:
    """How a step of a turn is called for a user, with any turn and fact, and the role that it runs as."""

    def __init__(self, call: LiteralString, role: str = "frontdesk_app") -> None:
        self.call: LiteralString = "select * from " + call  # noqa: S608 (of literals)
        self.role = role


STEPS: Mapping[str, Step] = {
    "admit_message": Step("admit_message(%(user)s, 'c-1', %(turn)s, null, false, 8, 60, true, 8, 16, 15, 3, 10, 60)"),
    "switch_version": Step("switch_version(%(user)s, 'c-1', %(turn)s, 15, 3, 10, 60)"),
    "fail_turn": Step("fail_turn(%(user)s, %(turn)s, 'internal', null)"),
    "begin_turn": Step(
        "begin_turn(%(user)s, %(turn)s, 'c-1', 'T', 'M', null, 'tag', '{}', null, 15, 60, true, null, null)"
    ),
    "conversation_history": Step("conversation_history(%(user)s, 'c-1', gen_random_uuid(), 9)"),
    "recall_facts": Step("recall_facts(%(user)s, '[1, 0]', %(model)s, 9)"),
    "recall_memory": Step("recall_memory(%(user)s, 'c-1', %(turn)s, 'Oat biscuits?', '[1, 0]', %(model)s, 9, 9, 99)"),
    "answer_turn": Step(
        "answer_turn(%(user)s, %(turn)s, 'c-1', gen_random_uuid(), 'tag', 'A', 'stop', null, '{}',"
        " array[%(fact)s]::uuid[], null)"
    ),
    "save_summary": Step("save_summary(%(user)s, 'c-1', %(turn)s, 'S', 99)"),
    "title_conversation": Step("title_conversation(%(user)s, 'c-1', %(turn)s, 'T')"),
    "learn_facts": Step(
        "learn_facts(%(user)s, %(turn)s, %(model)s, jsonb_build_array(jsonb_build_object('fact', 'Sells tubas',"
        " 'hash', '0', 'confidence', 1, 'vector', '[1, 0]', 'replaces', array[%(fact)s])))"
    ),
    "record_turn": Step("record_turn(%(user)s, %(turn)s, %(metrics)s, %(findings)s, false, 9, true)"),
    "save_checkpoint": Step(
        "save_checkpoint(%(user)s, %(turn)s, '', '1', null, '{}', '{}', '{}', '{}', '{}', '{}')", "frontdesk_graph"
    ),
    "save_writes": Step(
        "save_writes(%(user)s, %(turn)s, '', '1', 'a', 'b', true, '{}', '{}', '{}', '{}')", "frontdesk_graph"
    ),
    "log_events": Step(
        "log_events(array[%(user)s], array[%(turn)s], '{1}', '{1}', array[%(events)s])", "frontdesk_journal"
    ),
    "renew_turns": Step("renew_turns(gen_random_uuid(), array[%(turn)s], 15)", "frontdesk_keeper"),
    "facts_to_embed": Step(
        "facts_to_embed('another-model', '00000000-0000-0000-0000-000000000000', %(fact)s, 9)", "frontdesk_keeper"
    ),
    "has_desk": Step("has_desk(%(user)s)"),
    "read_facts": Step("read_facts(%(user)s, array[%(fact)s])"),
    "add_to_admin_audit": Step("add_to_admin_audit(%(user)s, 'audit', '', 0)", "frontdesk_auditor"),
    "read_admin_audit": Step("read_admin_audit(%(user)s, null, 9)", "frontdesk_auditor"),
    "tokens_by_user": Step(
        "tokens_by_user(%(user)s, '-infinity', 'infinity', null, null, null, 9)", "frontdesk_auditor"
    ),
    "claim_next_document": Step("claim_next_document(180, '{}')", "frontdesk_keeper"),
    "use_api_key": Step("use_api_key(sha256('x'), 60)", "frontdesk_keeper"),
    "adopt_turns": Step("adopt_turns(gen_random_uuid(), '{}', 9, 15, 3, 10)", "frontdesk_keeper"),
}
"""Every function that the program calls outside of a transaction that acts for a user."""

LOOKS = {"read_turn_said"}
"""What administrators call to see rows of another user; it logs that (`tests/storage/test_admin_audit.py`)."""

RIGHTS_FIRST = re.compile(
    r"\s*(#variable_conflict use_column\s+)?(declare(\s+\w+ \w+(\[\])?;)+\s+)?begin\s+"
    r"(perform act_for\(p_user_id\);"
    r"|if not act_for_thread\(p_user_id, p_turn_id\) then\s+return;"
    r"|perform act_as\('frontdesk_\w+'\);)"
)
"""How such a function begins."""


def values(user: UUID, turn: UUID, fact: UUID) -> dict[str, object]:
    """Values for the call of a step."""
    given = {"model": MODEL, "metrics": METRICS, "findings": FINDINGS, "events": EVENTS}
    return {**given, "user": user, "turn": turn, "fact": fact}


def test_the_program_calls_these_steps_and_no_others() -> None:
    """Each statement that runs in a transaction of its own is one of them."""
    called: set[str] = set()
    for path in Path(storage.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="call"), args=[ast.Constant(value=str(statement)), *_]):
                    called.update(re.findall(r"(\w+)\(%\(", statement))
                case _:
                    pass
    assert called == STEPS.keys() | LOOKS


def test_every_step_gives_the_logins_rights_up_first(owner: Owner) -> None:
    """Before it reads or writes anything."""
    sources = rows(owner, "select proname, prosrc from pg_proc where proname = any(%(names)s)", names=[*STEPS, *LOOKS])
    assert len(sources) == len(STEPS) + len(LOOKS)
    assert [name for name, source in sources if not RIGHTS_FIRST.match(source)] == []


@pytest.mark.parametrize("login", ["the owner", "a member of the program's roles"])
async def test_a_step_runs_as_the_role_that_it_needs(
    pool: Pool, owner: Owner, ada_rows: AdaRows, case: Case, login: str
) -> None:
    """And not as the login, which may be the owner, whom no policy binds here."""
    for name, step in STEPS.items():
        async with case(name) as bob:
            turn = await save_accepted(pool, bob, accepted())
            with owner.transaction(force_rollback=True):
                if login != "the owner":
                    member = sql.Identifier(f"member_{uuid4().hex}")
                    roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
                    owner.execute(sql.SQL("create role {} in role {}").format(member, roles))
                    owner.execute(sql.SQL("set local session authorization {}").format(member))
                owner.execute(step.call, values(bob, turn, ada_rows.fact))
                assert rows(owner, "select current_user::text") == [(step.role,)]
            assert rows(owner, "select current_user::text") == [("frontdesk",)]


async def test_a_step_reaches_no_row_of_another_user(pool: Pool, ada_rows: AdaRows, case: Case) -> None:
    """Given the ids of Ada's turn and fact, for Bob; each case checks that her rows are unchanged."""
    for name, step in STEPS.items():
        async with case(name) as bob:
            found: object = None
            with suppress(Gone):
                found = await pool.call(step.call, values(bob, ada_rows.turn, ada_rows.fact))
            assert SECRET not in str(found)
            assert str(ada_rows.turn) not in str(found)


async def test_a_transaction_of_a_user_cannot_act_for_another(pool: Pool, ada_rows: AdaRows, case: Case) -> None:
    """Nor for everyone: an injected call of a step is refused."""
    for name, step in STEPS.items():
        async with case(name) as bob:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with pool.as_user(bob) as conn:
                    await conn.execute(step.call, values(ada_rows.user, ada_rows.turn, ada_rows.fact))


async def test_a_role_cannot_act_for_a_user(owner: Owner, ada_rows: AdaRows, case: Case) -> None:
    """Not even the program's own, without a user; those that act for nobody may call their own steps."""
    for name, step in STEPS.items():
        async with case(name):
            for role in set(ROLES) - ({step.role} & {"frontdesk_auditor", "frontdesk_journal", "frontdesk_keeper"}):
                with owner.transaction(force_rollback=True):
                    owner.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        owner.execute(step.call, values(ada_rows.user, ada_rows.turn, ada_rows.fact))


@pytest.mark.parametrize(
    "call",
    [
        "select * from match_memory(%(ada)s, '[1, 0]')",
        "select * from metrics_summary(100000)",
        "select where is_being_answered(%(ada)s, 'c-1', gen_random_uuid(), 60)",
        "select where not is_first_in_conversation(%(ada)s, 'c-1', gen_random_uuid(), 1000000, 15, 3, 10, 60)",
    ],
)
async def test_a_reading_function_reads_only_the_callers_rows(
    pool: Pool, ada_rows: AdaRows, bob: UUID, call: str
) -> None:
    """Bob passes Ada's id and gets nothing; Ada gets her row."""
    for user, found in ((bob, 0), (ada_rows.user, 1)):
        async with pool.as_user(user) as conn:
            assert (await conn.execute(call.encode(), {"ada": ada_rows.user})).rowcount == found


@pytest.mark.parametrize(
    "call",
    [
        "select take_rate_limit(%(ada)s, 8, 60)",
        "select increment_rate_limit(%(ada)s, current_minute())",
        "select take_place(%(ada)s, 'c-2', gen_random_uuid(), null, false, 8, 16, 15, 3, 10, 60)",
        "select record_findings(%(ada)s, gen_random_uuid(), %(findings)s, 9)",
    ],
)
async def test_a_writing_function_writes_only_for_the_caller(
    pool: Pool, ada_rows: AdaRows, bob: UUID, call: str
) -> None:
    """No user can exhaust another user's limit, or fill their conversations."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute(call.encode(), {"ada": ada_rows.user, "findings": FINDINGS})


@pytest.mark.parametrize("user", ["%(ada)s", "%(bob)s"])
async def test_no_vector_is_stored_for_another_users_fact(
    pool: Pool, ada_rows: AdaRows, bob: UUID, user: LiteralString
) -> None:
    """Under her id or his own; a fixture checks that hers are unchanged."""
    async with pool.as_user(bob) as conn:
        await conn.execute(
            "select store_embedding(" + user + ", %(fact)s, '[1, 0]', 'another-model')",
            {"ada": ada_rows.user, "bob": bob, "fact": ada_rows.fact},
        )
        cursor = await conn.execute("select from memory_embeddings")
        assert cursor.rowcount == 0


async def test_a_user_cannot_delete_another_users_checkpoints(
    pool: Pool, owner: Owner, ada_rows: AdaRows, bob: UUID
) -> None:
    """Bob names Ada's thread and nothing happens; Ada does and it is deleted."""
    owner.execute(
        "insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint, metadata)"
        " values (%(turn)s::text, '1', '{}', jsonb_build_object('user_id', %(ada)s::text))",
        {"turn": ada_rows.turn, "ada": ada_rows.user},
    )
    for user, left in ((bob, 1), (ada_rows.user, 0)):
        async with pool.as_user(user) as conn:
            await conn.execute("select forget_my_checkpoints(array[%(turn)s::text])", {"turn": ada_rows.turn})
        assert owner.execute("select count(*) from langgraph.checkpoints").fetchone() == (left,)
