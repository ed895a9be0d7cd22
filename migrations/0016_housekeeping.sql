-- Nothing grows for ever: what was only kept for a while is taken away by the role that looks after leases. It
-- sees when rows were made and whose they are, and none of what stands in them.
grant select (user_id, turn_id, created_at), delete on chat_turn_events to frontdesk_keeper;
grant select (user_id, window_start, created_at), delete on chat_rate_limits to frontdesk_keeper;
grant select (user_id, key, created_at), delete on chat_idempotency to frontdesk_keeper;
grant select (user_id, turn_id, lease_until), delete on chat_queue to frontdesk_keeper;
create policy keeper_sees on chat_turn_events for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_turn_events for delete to frontdesk_keeper using (true);
create policy keeper_sees on chat_rate_limits for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_rate_limits for delete to frontdesk_keeper using (true);
create policy keeper_sees on chat_idempotency for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_idempotency for delete to frontdesk_keeper using (true);
create policy keeper_sees on chat_queue for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_queue for delete to frontdesk_keeper using (true);

-- Jobs that run now and then are kept by Procrastinate, in a schema of its own, whose tables it makes itself; the
-- program does them as a role that sees nothing else.
do $$
begin
    begin
        create role frontdesk_jobs nologin;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant frontdesk_jobs to %I', current_user);
    end if;
end $$;
create schema if not exists procrastinate;
grant usage on schema procrastinate to frontdesk_jobs;
alter default privileges in schema procrastinate grant select, insert, update, delete on tables to frontdesk_jobs;
alter default privileges in schema procrastinate grant usage on sequences to frontdesk_jobs;
alter default privileges in schema procrastinate revoke execute on functions from public;
alter default privileges in schema procrastinate grant execute on functions to frontdesk_jobs;
