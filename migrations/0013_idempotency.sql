-- Sending twice must not run twice: the client's key names the turn that its first request began. The key is
-- claimed before anything runs, and given up when the turn is refused, so that it can be used again. Kept a day.
create table chat_idempotency (
    user_id uuid not null,
    key text not null check (key ~ '^[\x20-\x7e]{1,255}$'),
    body_hash text not null check (body_hash ~ '^[0-9a-f]{64}$'),  -- SHA-256 of what was asked
    turn_id uuid not null,
    created_at timestamptz not null default now(),
    primary key (user_id, key),
    constraint key_of_user foreign key (user_id) references chat_users on delete cascade
);
create index chat_idempotency_turn on chat_idempotency (user_id, turn_id);
create index chat_idempotency_age on chat_idempotency (created_at);
call guard_user_table('chat_idempotency');
grant select, insert, update (body_hash, turn_id, created_at), delete on chat_idempotency to frontdesk_app;
