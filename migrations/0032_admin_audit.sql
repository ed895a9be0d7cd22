-- Who of the administrators looked at what of other users. Entries are added and read, and deleted by age only; they
-- outlive the accounts of those they name, because a log that its subject can erase says nothing.
create table chat_admin_audit (
    id bigint generated always as identity primary key,
    admin_id uuid not null,
    action text not null
        constraint action_is_known check (action in ('metrics_summary', 'prometheus', 'audit')),
    detail text not null default '',  -- what exactly: the range that was asked for
    created_at timestamptz not null default now()
);
create index chat_admin_audit_age on chat_admin_audit (created_at);
create index chat_admin_audit_of_admin on chat_admin_audit (admin_id, action, created_at desc);

alter table chat_admin_audit enable row level security;
alter table chat_admin_audit force row level security;
-- On Supabase every new table is granted to the platform's roles.
do $$
declare
    grantee text;
begin
    for grantee in
        select distinct coalesce(quote_ident(r.rolname), 'public')
        from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.oid = 'chat_admin_audit'::regclass and a.grantee <> c.relowner
    loop
        execute format('revoke all on chat_admin_audit from %s', grantee);
    end loop;
end $$;

-- A role that can do this and nothing else.
do $$
begin
    begin
        create role frontdesk_auditor nologin;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant frontdesk_auditor to %I', current_user);
    end if;
end $$;
grant usage on schema public to frontdesk_auditor;
grant select, insert on chat_admin_audit to frontdesk_auditor;
create policy administrators_read on chat_admin_audit for select to frontdesk_auditor
    using (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' = 'admin');
create policy administrators_add on chat_admin_audit for insert to frontdesk_auditor
    with check (nullif(current_setting('request.jwt.claims', true), '')::jsonb
                @> jsonb_build_object('role', 'admin', 'sub', admin_id));

grant select (ctid, created_at), delete on chat_admin_audit to frontdesk_keeper;
create policy keeper_sees on chat_admin_audit for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_admin_audit for delete to frontdesk_keeper using (true);

-- Add an entry, unless the same administrator did the same in the last p_quiet seconds: a page that refreshes itself
-- and a machine that asks every few seconds are one entry.
create function add_to_admin_audit(p_admin_id uuid, p_action text, p_detail text, p_quiet double precision)
returns void language plpgsql as $$
begin
    perform act_as('frontdesk_auditor');
    perform set_config('request.jwt.claims', json_build_object('sub', p_admin_id, 'role', 'admin')::text, true);
    insert into chat_admin_audit (admin_id, action, detail)
        select p_admin_id, p_action, p_detail where not exists (
            select from chat_admin_audit a
            where a.admin_id = p_admin_id and a.action = p_action and a.detail = p_detail
            and a.created_at > now() - make_interval(secs => p_quiet));
end $$;

-- The latest entries, or those before one, for an administrator.
create function read_admin_audit(p_admin_id uuid, p_before bigint, p_count integer)
returns setof chat_admin_audit language plpgsql as $$
begin
    perform act_as('frontdesk_auditor');
    perform set_config('request.jwt.claims', json_build_object('sub', p_admin_id, 'role', 'admin')::text, true);
    return query
        select * from chat_admin_audit a where p_before is null or a.id < p_before order by a.id desc limit p_count;
end $$;

call guard_functions('add_to_admin_audit', 'read_admin_audit');
grant execute on function act_as, add_to_admin_audit, read_admin_audit to frontdesk_auditor;
