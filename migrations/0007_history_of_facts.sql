-- Where facts come from, which of them hold, and which an answer used.

-- A fact may be said in several conversations; it goes with the last of them. The column
-- source_message_id keeps the message it was first learned from.
alter table user_memory_facts no force row level security;
create table user_fact_sources (
    user_id uuid not null,
    fact_id uuid not null,
    message_id uuid not null,
    created_at timestamptz not null default now(),
    primary key (user_id, fact_id, message_id),
    constraint source_of_fact foreign key (user_id, fact_id)
        references user_memory_facts (user_id, id) on delete cascade,
    constraint source_is_message foreign key (user_id, message_id)
        references chat_messages (user_id, id) on delete cascade
);
create index user_fact_sources_of_message on user_fact_sources (user_id, message_id);
insert into user_fact_sources (user_id, fact_id, message_id)
select user_id, id, source_message_id from user_memory_facts where source_message_id is not null;
alter table user_memory_facts force row level security;

create index user_memory_facts_superseded_by on user_memory_facts (user_id, superseded_by)
    where superseded_by is not null;

-- The facts that the prompt of an answer held.
create table chat_turn_facts (
    user_id uuid not null,
    turn_id uuid not null,
    fact_id uuid not null,
    primary key (user_id, turn_id, fact_id),
    constraint used_in_turn foreign key (user_id, turn_id) references chat_turns on delete cascade,
    constraint used_fact foreign key (user_id, fact_id)
        references user_memory_facts (user_id, id) on delete cascade
);
create index chat_turn_facts_of_fact on chat_turn_facts (user_id, fact_id);

-- A superseded fact keeps its vector, because it holds again when what took its place is taken back; the
-- vector only says that it does not hold now, and every search asks for those that do.
drop trigger forget_superseded on user_memory_facts;
drop function forget_superseded();
alter table memory_embeddings add column holds boolean not null default true;
create function embedding_holds() returns trigger language plpgsql as $$
begin
    update memory_embeddings e set holds = new.superseded_at is null
        where e.user_id = new.user_id and e.fact_id = new.id;
    return new;
end $$;
create trigger embedding_holds after update of superseded_at on user_memory_facts
    for each row when (new.superseded_at is distinct from old.superseded_at) execute function embedding_holds();

create or replace function match_memory(
    p_user_id uuid,
    p_query_embedding vector(1536),
    p_match_count integer default 6,
    p_model text default null
) returns table (message_id uuid, similarity double precision, text text)
language sql stable as $$
    select e.message_id, 1 - (e.embedding <=> p_query_embedding), e.text
    from memory_embeddings e
    where e.user_id = p_user_id and e.holds and (p_model is null or e.model = p_model)
    order by e.embedding <=> p_query_embedding
    limit p_match_count
$$;

-- A checkpoint repeats what its turn was told of the user, so it goes when one of these facts does. The
-- program names threads of its user's; that they are is looked up here, where nobody else can see.
create function forget_my_checkpoints(p_threads text[]) returns void
language plpgsql security definer set search_path = '' as $$
declare
    mine text[] := array(
        select distinct c.thread_id from langgraph.checkpoints c
        where c.thread_id = any(p_threads) and c.metadata ->> 'user_id' = (select auth.uid())::text);
begin
    delete from langgraph.checkpoints c where c.thread_id = any(mine);
    delete from langgraph.checkpoint_blobs b where b.thread_id = any(mine);
    delete from langgraph.checkpoint_writes w where w.thread_id = any(mine);
end $$;

call guard_user_table('user_fact_sources');
call guard_user_table('chat_turn_facts');
grant select, insert on user_fact_sources, chat_turn_facts to frontdesk_app;
