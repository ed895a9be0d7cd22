"""Rights of each role, read from the catalog, so that no later migration can forget a table."""

from collections.abc import Mapping

import pytest
from psycopg import errors, sql

from tests.storage.rows import Owner, rows

GRANTED: Mapping[str, str] = {
    "chat_api_keys": "DELETE INSERT SELECT",
    "chat_conversations": "DELETE INSERT SELECT UPDATE(employee_slug,pinned,title,titled_by,updated_at)",
    "chat_convo_summaries": "INSERT SELECT UPDATE(covers_seq,summary,updated_at)",
    "chat_feedback": ("DELETE INSERT SELECT UPDATE(comment,employee_slug,rating,reason,updated_at,wanted_employee)"),
    "chat_guard_events": "DELETE INSERT SELECT",
    "chat_idempotency": "DELETE INSERT SELECT UPDATE(body_hash,created_at,lease_until,owner,turn_id)",
    "chat_messages": "INSERT SELECT UPDATE(superseded)",
    "chat_misroutes": "DELETE INSERT SELECT UPDATE(from_feedback,wanted_employee)",
    "chat_queue": "DELETE INSERT SELECT UPDATE(lease_until,waiting)",
    "chat_rate_limits": "DELETE INSERT SELECT UPDATE(admitted_at,count)",
    "chat_threads": "DELETE INSERT SELECT UPDATE(metadata,updated_at)",
    "chat_turn_events": "SELECT",
    "chat_turn_facts": "INSERT SELECT",
    "chat_turn_vectors": "INSERT SELECT",
    "chat_turn_summaries": "INSERT SELECT",
    "chat_turns": (
        "DELETE INSERT SELECT UPDATE(attempt,employee_slug,error_code,facts_at,finish_reason,forgotten,lease_until,"
        "owner,parent,replaces,report,route,status,stop_asked_at,summarised_at,updated_at,version)"
    ),
    "chat_users": "DELETE INSERT SELECT UPDATE(memory)",
    **dict.fromkeys(
        [
            "finance_accounts",
            "finance_balances",
            "finance_budgets",
            "finance_categories",
            "finance_changes",
            "finance_debts",
            "finance_document_pages",
            "finance_documents",
            "finance_goals",
            "finance_proposals",
            "finance_references",
            "finance_rules",
            "finance_table_shapes",
            "finance_transaction_sources",
            "finance_transactions",
        ],
        "DELETE INSERT SELECT UPDATE",
    ),
    "memory_embeddings": (
        "DELETE INSERT SELECT UPDATE(created_at,embedding,fact_id,holds,id,message_id,model,text,user_id)"
    ),
    "user_fact_replacements": "INSERT SELECT UPDATE(replaced_at)",
    "user_fact_sources": "INSERT SELECT",
    "user_memory_facts": (
        "DELETE INSERT SELECT UPDATE(confidence,fact,fact_hash,source_message_id,superseded_at,superseded_by,"
        "withdrawn_at)"
    ),
    "xai_chat_metrics": "INSERT SELECT UPDATE(id,times)",
}
"""Every table of users, with all rights of the program's role."""

JOURNAL = {"chat_turn_events": "INSERT"}
"""All rights of the role that writes the event log."""

AUDITOR = {
    "chat_admin_audit": "INSERT SELECT",
    "frontdesk_keys": "SELECT",
    "xai_chat_metrics": (
        "SELECT(background_cached_tokens,background_completion_tokens,background_model,background_prompt_tokens,"
        "cached_tokens,completion_tokens,completion_tokens_est,created_at,employee_slug,id,model,outcome,"
        "prompt_tokens,prompt_tokens_est,user_id)"
    ),
}
"""All rights of the role that adds to and reads the administrators' audit log, and finds whose a turn is."""

KEEPER = {
    "chat_admin_audit": "DELETE SELECT(created_at,ctid)",
    "chat_api_keys": "SELECT(expires_at,key_hash,last_used_at,scopes,user_id) UPDATE(last_used_at)",
    "chat_conversations": "SELECT(convo_id,temporary,updated_at,user_id)",
    "chat_feedback": "SELECT(user_id,wanted_employee)",
    "chat_turns": (
        "SELECT(attempt,convo_id,lease_until,owner,status,stop_asked_at,turn_id,user_id)"
        " UPDATE(attempt,lease_until,owner)"
    ),
    "chat_guard_events": "DELETE SELECT(created_at,ctid)",
    "chat_idempotency": "DELETE SELECT(created_at,ctid,key,lease_until,owner,turn_id,user_id) UPDATE(lease_until)",
    "chat_queue": "DELETE SELECT(ctid,lease_until,owner,turn_id,user_id) UPDATE(lease_until)",
    "chat_rate_limits": "DELETE SELECT(created_at,ctid,user_id,window_start)",
    "chat_turn_events": "DELETE SELECT(created_at,ctid,turn_id,user_id)",
    "finance_documents": (
        "SELECT(attempts,created_at,document_id,lease_expires,read_at,status,user_id)"
        " UPDATE(attempts,lease_expires,status)"
    ),
    "memory_embeddings": "SELECT(fact_id,model,user_id)",
    "user_memory_facts": "SELECT(id,user_id)",
    "xai_chat_metrics": "DELETE SELECT(created_at,ctid)",
}
"""All rights of the role that renews leases, deletes old rows, and finds facts without a vector, marked examples,
documents that wait, and whose a key is."""

ANALYST = {
    "chat_feedback": "SELECT(created_at,employee_slug,rating,reason,temporary,turn_id,wanted_employee)",
    "chat_misroutes": "SELECT(chosen_employee,created_at,turn_id,wanted_employee)",
    "xai_chat_metrics": (
        "SELECT(attempts,background_cached_tokens,background_completion_tokens,background_model,"
        "background_prompt_tokens,cached_tokens,completion_tokens,completion_tokens_est,created_at,employee_slug,error_code,id,"
        "latency_ms,model,outcome,prompt_tokens,prompt_tokens_est,prompt_version,success,times,timing,trace_id,ttft_ms)"
    ),
}
"""All rights of the role that aggregates everyone's metrics: it cannot read user ids."""

FUNCTIONS: Mapping[str, set[str]] = {
    "frontdesk_app": {
        "accept_version", "activate_path", "fail_turn", "has_desk", "latest_leaf", "lock_facts", "lock_path",
        "merchant_of",
        "message_title", "no_turn", "settle_facts", "store_parents", "store_replacements", "switch_version", "tidy",
        "versions_of",
        "accept_turn", "act_for", "admit_message", "answer_turn", "begin_turn", "chat_search_query",
        "chat_search_words",
        "conversation_history", "current_minute", "forget_my_checkpoints", "increment_rate_limit", "is_being_answered",
        "is_first_in_conversation", "learn_facts", "lease_lapsed", "match_memory", "may_remember",
        "metrics_summary", "read_facts",
        "recall_facts", "recall_memory", "recall_terms", "recall_turns", "record_findings", "record_turn",
        "rule_matches", "save_summary", "store_embedding", "take_place", "take_rate_limit", "title_conversation",
        "unpadded_width", "wake_next",
    },
    "frontdesk_auditor": {
        "act_as", "add_to_admin_audit", "read_admin_audit", "read_turn_content", "read_turn_said", "tokens_by_user",
    },
    "frontdesk_graph": {"act_for_thread", "save_checkpoint", "save_writes"},
    "frontdesk_journal": {"act_as", "log_events"},
    "frontdesk_keeper": {
        "act_as", "adopt_turns", "claim_document", "claim_next_document", "facts_to_embed", "lease_lapsed",
        "renew_turns", "use_api_key",
    },
}  # fmt: skip
"""Every function that each role may call."""

ROLES = [
    "frontdesk_analyst",
    "frontdesk_app",
    "frontdesk_auditor",
    "frontdesk_graph",
    "frontdesk_jobs",
    "frontdesk_journal",
    "frontdesk_keeper",
]
"""All roles that the program uses."""

INJECTED = [
    "create table mine (a int)",
    "create view mine as select 1",
    "create function mine() returns int language sql as 'select 1'",
    "create schema mine",
    "create role mine",
    "alter table chat_messages disable row level security",
    "alter table chat_messages no force row level security",
    "drop policy owner_only on chat_messages",
    "create policy mine on chat_messages using (true)",
    "alter role current_user bypassrls",
    "truncate chat_messages",
    "call guard_user_table('chat_messages')",
    "select forget_checkpoints()",
    "select * from frontdesk_migrations",
    "update chat_turn_events set created_at = now()",
    "update chat_turn_events set events = '[]'",
    "copy chat_messages to program 'cat'",
]
"""Statements that none of them may run."""

OWNER_ONLY = {"frontdesk_job_migrations", "frontdesk_migrations"}
"""Tables without users' data, which only the owner may read."""

TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1"


def test_every_table_of_users_has_row_level_security(owner: Owner) -> None:
    """It is forced, so it binds the owner too, and a policy covers every command.

    A table that is in neither list fails here.
    """
    walk = """
        select c.relname, c.relrowsecurity, c.relforcerowsecurity,
               array(select concat_ws(' ', p.polname, p.polcmd::text, coalesce(pg_get_expr(p.polqual, c.oid), '-'),
                                      coalesce(pg_get_expr(p.polwithcheck, c.oid), '-'))
                     from pg_policy p where p.polrelid = c.oid order by 1)
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1
    """
    own = "(user_id = ( SELECT auth.uid() AS uid))"
    guarded = {table: (True, True, [f"owner_only * {own} {own}"]) for table in GRANTED}
    others = {
        "chat_admin_audit", "chat_api_keys", "chat_conversations", "chat_feedback", "chat_turns",
        "finance_documents", "memory_embeddings", "user_memory_facts",
    }  # fmt: skip
    for table in KEEPER.keys() - others:
        guarded[table][2][:0] = ["keeper_deletes d true -", "keeper_sees r true -"]
    for table in ("chat_idempotency", "chat_queue"):
        guarded[table][2].insert(1, "keeper_leases w true true")
    guarded["chat_api_keys"][2][:0] = ["keeper_sees r true -", "keeper_uses w true true"]
    guarded["chat_turn_events"][2].insert(0, "journal_adds a - true")
    for table in ("chat_turns", "finance_documents"):
        guarded[table][2][:0] = ["keeper_leases w true true", "keeper_sees r true -"]
    for table in ("chat_conversations", "chat_feedback", "memory_embeddings", "user_memory_facts"):
        guarded[table][2].insert(0, "keeper_sees r true -")
    for table in ANALYST:
        guarded[table][2].insert(0, "analyst_sees r true -")
    claims = "(NULLIF(current_setting('request.jwt.claims'::text, true), ''::text))::jsonb"
    guarded["chat_admin_audit"] = (
        True,
        True,
        [
            f"administrators_add a - ({claims} @> jsonb_build_object('role', 'admin', 'sub', admin_id))",
            f"administrators_read r (({claims} ->> 'role'::text) = 'admin'::text) -",
            "keeper_deletes d true -",
            "keeper_sees r true -",
        ],
    )
    administrators = f"r (({claims} ->> 'role'::text) = 'admin'::text) -"
    guarded["xai_chat_metrics"][2].insert(0, f"administrators_see {administrators}")
    guarded["xai_chat_metrics"][2].sort()
    closed = {table: (True, False, list[str]()) for table in OWNER_ONLY}
    closed["frontdesk_keys"] = (True, False, [f"administrators_use {administrators}"])
    assert {table: (on, forced, policies) for table, on, forced, policies in rows(owner, walk)} == guarded | closed


def test_every_primary_key_of_users_tables_begins_with_the_user(owner: Owner) -> None:
    """So that Postgres can be sharded by user; metrics outlive their user and are the exception."""
    keys = """
        select c.relname, a.attname from pg_index i
        join pg_class c on c.oid = i.indrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where i.indisprimary and c.relnamespace = 'public'::regnamespace order by 1
    """
    first = {table: column for table, column in rows(owner, keys) if table in GRANTED}
    assert first == {table: "id" if table == "xai_chat_metrics" else "user_id" for table in GRANTED}


def test_each_role_has_exactly_its_rights(owner: Owner) -> None:
    """Table by table, column by column."""
    granted = """
        select relname, string_agg(what, ' ' order by what) from (
            select c.relname, a.privilege_type as what
            from pg_class c, aclexplode(c.relacl) a where a.grantee = %(role)s::regrole
            union all
            select c.relname, a.privilege_type || '(' || string_agg(t.attname, ',' order by t.attname) || ')'
            from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
            where a.grantee = %(role)s::regrole group by c.relname, a.privilege_type
        ) rights group by relname
    """
    assert dict(rows(owner, granted, role="frontdesk_app")) == GRANTED
    assert dict(rows(owner, granted, role="frontdesk_journal")) == JOURNAL
    assert dict(rows(owner, granted, role="frontdesk_keeper")) == KEEPER
    assert dict(rows(owner, granted, role="frontdesk_analyst")) == ANALYST
    assert dict(rows(owner, granted, role="frontdesk_auditor")) == AUDITOR


def test_each_role_may_call_exactly_its_functions(owner: Owner) -> None:
    """Whether granted or everyone's; no other role that is no superuser may call any."""
    callable_ = """
        select r.rolname, array_agg(distinct p.proname order by p.proname) from pg_roles r, pg_proc p
        where p.pronamespace = 'public'::regnamespace and not r.rolsuper
        and has_function_privilege(r.oid, p.oid, 'execute')
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') group by 1
    """
    assert {role: set(names) for role, names in rows(owner, callable_)} == FUNCTIONS


def test_no_other_role_has_rights(owner: Owner) -> None:
    """Neither public nor a platform's role, on any table."""
    others = """
        select c.relname, coalesce(r.rolname, 'public'), a.privilege_type
        from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner
        and a.grantee not in ('frontdesk_app'::regrole, 'frontdesk_journal'::regrole, 'frontdesk_keeper'::regrole,
                              'frontdesk_analyst'::regrole, 'frontdesk_auditor'::regrole)
    """
    assert rows(owner, others) == []


def test_no_role_can_bypass_its_rights(owner: Owner, subtests: pytest.Subtests) -> None:
    """None can log in, bypass row level security or create roles and databases, or is a member of another role."""
    for role in ROLES:
        with subtests.test(role):
            attributes = rows(
                owner,
                "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
                " exists (select from pg_auth_members where member = r.oid),"
                " exists (select from pg_shdepend where deptype = 'o' and refobjid = r.oid)"
                " from pg_roles r where rolname = %(role)s",
                role=role,
            )
            assert attributes == [(False,) * 8]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_create_objects_or_change_policies(owner: Owner, role: str, subtests: pytest.Subtests) -> None:
    """Whatever an injected statement tries; each is undone, so they share a database."""
    refusals = (errors.InsufficientPrivilege, errors.WrongObjectType, errors.FeatureNotSupported)
    for statement in INJECTED:
        with subtests.test(statement), owner.transaction(force_rollback=True):
            owner.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            with pytest.raises(refusals):
                owner.execute(statement.encode())


def test_only_the_graph_role_can_read_checkpoints(owner: Owner) -> None:
    """They contain every user's messages without a policy, so that role reads nothing else."""
    usable = rows(
        owner,
        "select has_schema_privilege('frontdesk_app', 'langgraph', 'usage'),"
        " has_schema_privilege('frontdesk_app', 'langgraph', 'create'),"
        " has_schema_privilege('frontdesk_graph', 'langgraph', 'create')",
    )
    assert usable == [(False, False, False)]
    reached = rows(
        owner,
        "select n.nspname, r.rolname, count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace,"
        " pg_roles r where r.rolname in ('frontdesk_app', 'frontdesk_graph', 'frontdesk_journal', 'frontdesk_keeper',"
        " 'frontdesk_jobs', 'frontdesk_analyst')"
        " and c.relkind in ('r', 'p')"
        " and n.nspname not in ('pg_catalog', 'information_schema')"
        " and has_table_privilege(r.oid, c.oid, 'select') group by 1, 2 order by 1, 2",
    )
    assert [(schema, role) for schema, role, _ in reached] == [
        ("langgraph", "frontdesk_graph"),
        ("procrastinate", "frontdesk_jobs"),
        ("public", "frontdesk_app"),
    ]


def test_functions_run_with_the_rights_of_their_caller(owner: Owner) -> None:
    """Except those that delete checkpoints: of a deleted turn (no role may call it), or of the caller."""
    definers = rows(
        owner,
        "select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1",
    )
    assert definers == [("forget_checkpoints",), ("forget_my_checkpoints",)]
