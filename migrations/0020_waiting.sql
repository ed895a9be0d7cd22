-- A message that is not accepted yet holds two things for its process: the claim of its idempotency key, and its place
-- in its conversation. Both are on the same lease, which the process renews. So a key stays its message's however long
-- that waits, and what a dead process held is free again within seconds. And who waits is told that it may go on.

-- A claim without a lease is one whose turn was accepted: from then on the key stands for it. The default is for
-- processes of the release before, which give no lease while both run.
alter table chat_idempotency
    add column owner uuid,  -- the process that is to run the turn
    add column lease_until timestamptz default now() + interval '15 seconds';
alter table chat_queue
    add column owner uuid,  -- null where none of our processes holds it (LangGraph's own server)
    add column waiting boolean not null default false;  -- it had to wait; otherwise it only passes through
grant update (owner, lease_until) on chat_idempotency to frontdesk_app;
grant update (waiting) on chat_queue to frontdesk_app;

-- Renewing leases is done for everyone's messages at once, by the role that looks after leases.
grant select (turn_id, owner, lease_until), update (lease_until) on chat_idempotency to frontdesk_keeper;
grant select (owner), update (lease_until) on chat_queue to frontdesk_keeper;
create policy keeper_leases on chat_idempotency for update to frontdesk_keeper using (true) with check (true);
create policy keeper_leases on chat_queue for update to frontdesk_keeper using (true) with check (true);

-- Whether others may take what is held on a lease; times in seconds. A killed process is known to be gone by the lock
-- that ended with its connection, as soon as its lease was not renewed for p_quiet, but not before the database itself
-- has run for p_settling. A lease that ends too far ahead was given before the clock was set back.
create function lease_lapsed(
    p_until timestamptz, p_owner uuid,
    p_lease double precision, p_quiet double precision, p_settling double precision
) returns boolean language sql stable as $$
    select p_until < now()
        or (p_owner is null and p_until > now() + make_interval(secs => 2 * p_lease))
        or (p_owner is not null
            and (p_until > now() + make_interval(secs => 2 * p_lease)
                 or (p_until < now() + make_interval(secs => p_lease - p_quiet)
                     and pg_postmaster_start_time() < now() - make_interval(secs => p_settling)))
            and not exists (
                select from pg_locks l
                where l.locktype = 'advisory' and l.objsubid = 1
                and l.database = (select oid from pg_database where datname = current_database())
                and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(p_owner::text, 0)))
$$;

-- Tells the process of the first message that waits in a conversation that it may go on.
create function wake_next(p_user_id uuid, p_convo_id text) returns void language sql as $$
    select pg_notify('frontdesk_turns', first.turn_id::text)
    from (select turn_id from chat_queue
          where user_id = p_user_id and convo_id = p_convo_id and lease_until > now()
          order by arrived limit 1) first
$$;

-- However an answer ends (committed, failed, deleted with its conversation), the next message is told in the same
-- transaction. At its commit, so that hardly anyone can begin to wait between the look and the end.
create function wake_next_after_turn() returns trigger language plpgsql as $$
begin
    perform wake_next(old.user_id, old.convo_id);
    return null;
end $$;
create constraint trigger wake_next_after_answer after update of status on chat_turns
    deferrable initially deferred for each row
    when (old.status = 'accepted' and new.status <> 'accepted') execute function wake_next_after_turn();
create constraint trigger wake_next_after_deletion after delete on chat_turns
    deferrable initially deferred for each row
    when (old.status = 'accepted') execute function wake_next_after_turn();

-- A new function is everyone's to call, and on Supabase by name its platform's roles' as well.
do $$
declare
    function regprocedure;
    grantee text;
begin
    for function, grantee in
        select p.oid::regprocedure, g.name
        from pg_proc p,
             (select 'public' as name union all
              select quote_ident(rolname) from pg_roles
              where rolname in ('frontdesk_app', 'anon', 'authenticated', 'service_role')) g
        where p.pronamespace = 'public'::regnamespace
          and p.proname in ('lease_lapsed', 'wake_next', 'wake_next_after_turn')
    loop
        execute format('revoke all on routine %s from %s', function, grantee);
    end loop;
end $$;
grant execute on function lease_lapsed, wake_next to frontdesk_app;
grant execute on function lease_lapsed to frontdesk_keeper;
