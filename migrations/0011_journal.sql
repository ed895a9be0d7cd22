-- What a turn has said so far, so that any process can tell it again: events in batches, numbered from 1 within
-- their turn, a row for each breath of the process that runs it. A reader of these rows is bound to their user;
-- the writer writes for many users at once, so it acts as a role that can do nothing but add.

do $$
begin
    begin
        create role frontdesk_journal nologin;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant frontdesk_journal to %I', current_user);
    end if;
end $$;
grant usage on schema public to frontdesk_journal;

create table chat_turn_events (
    user_id uuid not null,
    turn_id uuid not null,
    first integer not null check (first > 0),
    last integer not null,
    events json not null,  -- [{"event", "data"}], one for each number from first to last; as text, not as jsonb,
                           -- because it is told again to the letter
    created_at timestamptz not null default now(),
    primary key (user_id, turn_id, first),
    constraint events_numbered check (last - first + 1 = json_array_length(events)),
    constraint events_of_turn foreign key (user_id, turn_id) references chat_turns on delete cascade
);
create index chat_turn_events_age on chat_turn_events (created_at);
call guard_user_table('chat_turn_events');
grant select on chat_turn_events to frontdesk_app;
grant insert on chat_turn_events to frontdesk_journal;
create policy journal_adds on chat_turn_events for insert to frontdesk_journal with check (true);
