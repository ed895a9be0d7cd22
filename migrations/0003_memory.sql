-- What is remembered of a user: durable facts, and their embeddings for finding them by meaning.

create table user_memory_facts (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    source text not null default 'chat',
    fact text not null check (length(fact) > 5),
    source_message_id uuid,
    fact_hash text not null,  -- SHA-256 of the normalised text; null would let duplicates pass
    confidence real not null default 1 check (confidence between 0 and 1),
    superseded_by uuid,  -- the newer fact that contradicts this one
    superseded_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (user_id, id),
    foreign key (user_id, source_message_id) references chat_messages (user_id, id)
        on delete set null (source_message_id),
    foreign key (user_id, superseded_by) references user_memory_facts (user_id, id)
        on delete set null (superseded_by)
);
create unique index idx_user_fact_hash on user_memory_facts (user_id, fact_hash);
create index idx_user_memory_facts_user_created on user_memory_facts (user_id, created_at desc);
create index user_memory_facts_source on user_memory_facts (user_id, source_message_id);

create table memory_embeddings (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    fact_id uuid not null,
    message_id uuid,
    text text not null,
    embedding vector(1536) not null,  -- shorter vectors are padded with zeros, which changes no distance
    model text not null,  -- vectors of different models never meet
    created_at timestamptz not null default now(),
    primary key (user_id, id),
    unique (user_id, fact_id, model),
    foreign key (user_id, fact_id) references user_memory_facts (user_id, id) on delete cascade
);
-- A search is always for one user, and an exact sort of one user's rows beats an approximate index over
-- everyone's in both time and recall. Vectors in the row itself, not out of line, halve that time.
create index memory_embeddings_of_user on memory_embeddings (user_id, model);
alter table memory_embeddings alter column embedding set storage plain;

do $$
declare
    table_name text;
begin
    foreach table_name in array array['user_memory_facts', 'memory_embeddings'] loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy owner_only on %I for all to frontdesk_app '
            'using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))', table_name);
        execute format('grant select, insert, update, delete on %I to frontdesk_app', table_name);
    end loop;
end $$;

-- What no longer holds is not found by meaning any more, whichever way it is searched for: the vector
-- goes when the fact is superseded. The fact itself stays, with what took its place.
create function forget_superseded() returns trigger language plpgsql as $$
begin
    delete from memory_embeddings e where e.user_id = new.user_id and e.fact_id = new.id;
    return new;
end $$;
create trigger forget_superseded after update of superseded_at on user_memory_facts
    for each row when (new.superseded_at is not null) execute function forget_superseded();

-- The facts nearest to a vector, best first, with their cosine similarity; only facts that still hold.
create function match_memory(
    p_user_id uuid,
    p_query_embedding vector(1536),
    p_match_count integer default 6,
    p_model text default null
) returns table (message_id uuid, similarity double precision, text text)
language sql stable as $$
    select e.message_id, 1 - (e.embedding <=> p_query_embedding), f.fact
    from memory_embeddings e
    join user_memory_facts f on f.user_id = e.user_id and f.id = e.fact_id
    where e.user_id = p_user_id and f.superseded_at is null and (p_model is null or e.model = p_model)
    order by e.embedding <=> p_query_embedding
    limit p_match_count
$$;
grant execute on function match_memory to frontdesk_app;
