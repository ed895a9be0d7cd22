-- A turn is run by one process, which holds it on a lease that it renews. A process that dies leaves its turns
-- to whoever finds their lease run out: one that was accepted is answered anew from the choice of the employee on,
-- one that was answered gets the rest done. What that takes is kept with the turn. Whoever was only slow finds
-- the lease in other hands, and can commit nothing any more.
alter table chat_turns
    add column owner uuid,  -- the process; null where none of ours runs it (LangGraph's own server)
    add column attempt integer not null default 1,
    add column lease_until timestamptz,
    add column route json,  -- who answers and why, as the client was told
    add column report json;  -- what is known of the answer besides its text
grant update (owner, attempt, lease_until, route, report) on chat_turns to frontdesk_app;

-- Looking after leases is looking at everyone's turns, so it has a role of its own, which sees no words.
do $$
begin
    begin
        create role frontdesk_keeper nologin;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant frontdesk_keeper to %I', current_user);
    end if;
end $$;
grant usage on schema public to frontdesk_keeper;
create policy keeper_sees on chat_turns for select to frontdesk_keeper using (true);
create policy keeper_leases on chat_turns for update to frontdesk_keeper using (true) with check (true);
grant select (user_id, turn_id, convo_id, status, owner, attempt, lease_until, stop_asked_at) on chat_turns
    to frontdesk_keeper;
grant update (owner, attempt, lease_until) on chat_turns to frontdesk_keeper;

drop index chat_turns_unfinished;
create index chat_turns_leased on chat_turns (lease_until) where status in ('accepted', 'answered');
