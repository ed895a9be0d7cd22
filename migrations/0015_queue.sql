-- Who waits to be answered in a conversation, in order of arrival. A place is taken before anything is chosen or
-- written down for a message, and given up in the transaction that accepts it as a turn. A place is held on a
-- short lease, so that a process that dies while it waits keeps nobody waiting.
create table chat_queue (
    user_id uuid not null,
    turn_id uuid not null,
    convo_id text not null,
    arrived bigint generated always as identity,
    lease_until timestamptz not null,
    primary key (user_id, turn_id),
    constraint place_of_user foreign key (user_id) references chat_users on delete cascade
);
create index chat_queue_of_conversation on chat_queue (user_id, convo_id, arrived);
call guard_user_table('chat_queue');
grant select, insert, update (lease_until), delete on chat_queue to frontdesk_app;
create index chat_turns_open on chat_turns (user_id, convo_id) where status = 'accepted';
