-- What LangGraph's clients keep of a thread besides its messages. A thread is a conversation, and clients make one, with
-- metadata, before its first message: a conversation is stored with that, so the two have no foreign key between them.
create table chat_threads (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    convo_id text not null constraint thread_is_a_conversation check (convo_id ~ '^[A-Za-z0-9_.:-]{1,128}$'),
    metadata jsonb not null constraint thread_metadata_is_an_object check (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, convo_id)
);

call guard_user_table('chat_threads');
grant select, insert, update (metadata, updated_at), delete on chat_threads to frontdesk_app;
