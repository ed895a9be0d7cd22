-- One row per user, and everything of theirs hangs on it: erasing an account is deleting this row, and
-- whatever still runs for an erased user meanwhile is refused by a foreign key, not by a check that could
-- come too late. Numbers stay when a person goes, without the person.

-- What every table of users needs, said once: row level security that binds the owner too, a policy, and no
-- right of anyone, also none that a platform gives its own roles on each new table (Supabase does). A
-- migration then grants frontdesk_app what the program does with the table.
create procedure guard_user_table(p_table regclass) language plpgsql as $$
declare
    grantee text;
begin
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format('drop policy if exists owner_only on %s', p_table);
    execute format(
        'create policy owner_only on %s for all to frontdesk_app '
        'using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))', p_table);
    for grantee in
        select distinct coalesce(quote_ident(r.rolname), 'public')
        from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.oid = p_table and a.grantee <> c.relowner
    loop
        execute format('revoke all on %s from %s', p_table, grantee);
    end loop;
end $$;

-- Forced row level security would hide the rows to be moved from an owner who is no superuser.
alter table chat_conversations no force row level security;
alter table user_memory_facts no force row level security;
alter table chat_rate_limits no force row level security;
alter table xai_chat_metrics no force row level security;

create table chat_users (
    user_id uuid primary key,
    created_at timestamptz not null default now()
);
insert into chat_users (user_id)
select user_id from chat_conversations
union select user_id from user_memory_facts
union select user_id from chat_rate_limits
union select user_id from xai_chat_metrics where user_id is not null;

-- Turns, messages and summaries follow their conversation, embeddings their fact.
alter table chat_conversations
    add constraint conversation_of_user foreign key (user_id) references chat_users on delete cascade;
alter table user_memory_facts
    add constraint fact_of_user foreign key (user_id) references chat_users on delete cascade;
alter table chat_rate_limits
    add constraint limit_of_user foreign key (user_id) references chat_users on delete cascade;
alter table xai_chat_metrics
    add constraint metrics_of_user foreign key (user_id) references chat_users on delete set null;

-- A conversation's name is chosen by its user, so it may say something: it does not belong among numbers.
alter table xai_chat_metrics drop column convo_id;

-- A turn's checkpoints repeat what was said in it, so they go when it goes, whatever takes it away. The
-- program's role cannot see them; this runs with the rights of whoever owns them, and for these rows only.
create function forget_checkpoints() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    delete from langgraph.checkpoints c using gone g where c.thread_id = g.turn_id::text;
    delete from langgraph.checkpoint_blobs b using gone g where b.thread_id = g.turn_id::text;
    delete from langgraph.checkpoint_writes w using gone g where w.thread_id = g.turn_id::text;
    return null;
end $$;
create trigger forget_checkpoints after delete on chat_turns
    referencing old table as gone for each statement execute function forget_checkpoints();

-- The first thing that is counted or kept of a user makes them known.
create or replace function take_rate_limit(p_user_id uuid, p_limit integer, p_seconds integer)
returns table (remaining integer, reset_after double precision, retry_after double precision)
language plpgsql as $$
declare
    window_length interval := make_interval(secs => p_seconds);
    admitted timestamptz[];
    used integer;
    asked_at timestamptz;
    next_free timestamptz;
begin
    -- Two requests of one user at once are decided one after the other; time is read only then.
    perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 8));
    asked_at := clock_timestamp();
    delete from chat_rate_limits l
        where l.user_id = p_user_id and l.created_at < asked_at - 3 * window_length - interval '1 minute';
    select coalesce(array_agg(t order by t), '{}') into admitted
        from chat_rate_limits l, unnest(l.admitted_at) t
        where l.user_id = p_user_id and t > asked_at - window_length;
    used := cardinality(admitted);
    if used >= p_limit then
        next_free := admitted[used - p_limit + 1] + window_length;
        return query select 0, extract(epoch from next_free - asked_at)::double precision,
                               extract(epoch from next_free - asked_at)::double precision;
        return;
    end if;
    insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
    perform increment_rate_limit(p_user_id, current_minute());
    next_free := coalesce(admitted[1], asked_at) + window_length;
    return query select p_limit - used - 1, extract(epoch from next_free - asked_at)::double precision,
                        null::double precision;
end $$;

alter table chat_conversations force row level security;
alter table user_memory_facts force row level security;
alter table chat_rate_limits force row level security;
alter table xai_chat_metrics force row level security;
call guard_user_table('chat_users');
grant select, insert, delete on chat_users to frontdesk_app;
