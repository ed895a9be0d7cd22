-- Conversations, their turns and messages, and the rolling summary of each.
-- Every key begins with the user, so that a sharding Postgres can keep a user's rows together.

create table chat_conversations (
    user_id uuid not null,
    convo_id text not null check (convo_id ~ '^[A-Za-z0-9_.:-]{1,128}$'),
    title text not null default '',
    employee_slug text,  -- who answered last: a follow-up without a topic of its own stays there
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, convo_id)
);
create index chat_conversations_latest on chat_conversations (user_id, updated_at desc);

-- A turn is one message and its answer. The row is there before the client hears anything, so that a
-- process that dies leaves what is needed to do the rest:
--   accepted  to be answered         answered  the answer is committed, summary and facts are not
--   done      all of it              failed, stopped  ended without, or before the end of, an answer
create table chat_turns (
    user_id uuid not null,
    turn_id uuid not null,
    convo_id text not null,
    status text not null default 'accepted'
        check (status in ('accepted', 'answered', 'done', 'failed', 'stopped')),
    asked_employee text,  -- the client's explicit choice
    employee_slug text not null,
    finish_reason text check (finish_reason in ('stop', 'length', 'timeout', 'stopped', 'blocked')),
    error_code text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, turn_id),
    foreign key (user_id, convo_id) references chat_conversations on delete cascade
);
create index chat_turns_of_conversation on chat_turns (user_id, convo_id);
create index chat_turns_unfinished on chat_turns (updated_at) where status in ('accepted', 'answered');

create table chat_messages (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    convo_id text not null,
    turn_id uuid not null,
    seq bigint generated always as identity,  -- order within a conversation; clocks tie, this does not
    employee_key text not null,
    role text not null check (role in ('user', 'assistant', 'system')),
    content text not null,
    created_at timestamptz not null default now(),
    primary key (user_id, id),
    unique (user_id, turn_id, role),  -- a turn that is run again cannot speak twice
    foreign key (user_id, convo_id) references chat_conversations on delete cascade,
    foreign key (user_id, turn_id) references chat_turns on delete cascade
);
create index chat_messages_in_order on chat_messages (user_id, convo_id, seq);
create index idx_chat_messages_user_created on chat_messages (user_id, created_at desc);

create table chat_convo_summaries (
    user_id uuid not null,
    convo_id text not null,
    summary text not null,
    covers_seq bigint not null default 0,  -- watermark: messages up to here are in the summary
    updated_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (user_id, convo_id),
    foreign key (user_id, convo_id) references chat_conversations on delete cascade
);

-- Forced, so that the tables' owner is held to it too.
do $$
declare
    table_name text;
begin
    foreach table_name in array array['chat_conversations', 'chat_turns', 'chat_messages', 'chat_convo_summaries'] loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy owner_only on %I for all to frontdesk_app '
            'using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))', table_name);
        execute format('grant select, insert, update, delete on %I to frontdesk_app', table_name);
    end loop;
end $$;
