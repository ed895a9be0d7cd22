-- What the guard masked or refused: what kind of thing it was, and never the thing.
create table chat_guard_events (
    user_id uuid not null,
    turn_id uuid not null,
    kind text not null check (kind in ('card', 'iban', 'national_id', 'injection')),
    action text not null check (action in ('masked', 'refused')),
    rule text,  -- the guard's rule that matched
    -- SHA-256 of the message after masking: the same attack is recognised when it comes again, and no
    -- number can be found by trying, because none is in it.
    text_hash text not null check (text_hash ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null default now(),
    primary key (user_id, turn_id, kind),
    constraint event_of_user foreign key (user_id) references chat_users on delete cascade
);
create index chat_guard_events_latest on chat_guard_events (created_at desc);
call guard_user_table('chat_guard_events');
grant select, insert on chat_guard_events to frontdesk_app;
