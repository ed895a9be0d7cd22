-- Conversations are kept for a time that can be set; and it is recorded which of Procrastinate's own migrations were
-- applied, so that its tables are upgraded with the library.

-- The keeper's role finds conversations by the age of their last message, and sees no word of them. Each is deleted
-- for its user, its turns first, in batches.
grant select (user_id, convo_id, updated_at) on chat_conversations to frontdesk_keeper;
create policy keeper_sees on chat_conversations for select to frontdesk_keeper using (true);
grant delete on chat_turns to frontdesk_app;

-- By the names of the library's files (storage/jobs.py); nobody's but the owner's, also where a platform gives its own
-- roles rights on each new table.
create table frontdesk_job_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);
alter table frontdesk_job_migrations enable row level security;
do $$
declare
    grantee text;
begin
    for grantee in
        select distinct coalesce(quote_ident(r.rolname), 'public')
        from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.oid = 'frontdesk_job_migrations'::regclass and a.grantee <> c.relowner
    loop
        execute format('revoke all on frontdesk_job_migrations from %s', grantee);
    end loop;
end $$;
