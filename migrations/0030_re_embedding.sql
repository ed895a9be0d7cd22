-- A change of the embedding model: facts get a vector of the new one in the background, through langchain-postgres'
-- vector store.

-- The store inserts with "on conflict (id) do update", which needs an index on the id alone, and the right to update
-- though an id that it makes is always new.
create unique index memory_embeddings_id on memory_embeddings (id);
grant update (id, user_id, fact_id, message_id, text, embedding, model, holds, created_at) on memory_embeddings
    to frontdesk_app;

-- The keeper's role finds facts without a vector, and sees no word of them.
grant select (user_id, id) on user_memory_facts to frontdesk_keeper;
grant select (user_id, fact_id, model) on memory_embeddings to frontdesk_keeper;
create policy keeper_sees on user_memory_facts for select to frontdesk_keeper using (true);
create policy keeper_sees on memory_embeddings for select to frontdesk_keeper using (true);

-- Everyone's facts without a vector of the model, in order of user and id, from a fact on.
create function facts_to_embed(p_model text, p_after_user uuid, p_after_fact uuid, p_count integer)
returns table (user_id uuid, fact_id uuid) language plpgsql as $$
begin
    perform act_as('frontdesk_keeper');
    return query
        select f.user_id, f.id from user_memory_facts f
        where (f.user_id, f.id) > (p_after_user, p_after_fact)
        and not exists (
            select from memory_embeddings e where e.user_id = f.user_id and e.fact_id = f.id and e.model = p_model)
        order by f.user_id, f.id limit p_count;
end $$;

-- These facts of a user, superseded ones too.
create function read_facts(p_user_id uuid, p_facts uuid[])
returns table (fact_id uuid, fact text, message_id uuid, learned timestamptz, holds boolean) language plpgsql as $$
begin
    perform act_for(p_user_id);
    return query
        select f.id, f.fact, f.source_message_id, f.created_at, f.superseded_at is null
        from user_memory_facts f where f.user_id = p_user_id and f.id = any(p_facts) order by f.id;
end $$;

-- A vector that was made of a fact read before is stored only where the fact still says the same and has none of this
-- model yet. The fact's row is locked, so that what changes it, or stores another vector, comes before or after. Where
-- there is no such fact, the policy or the foreign key refuses.
create function check_vector() returns trigger language plpgsql as $$
declare
    fact record;
begin
    select f.fact, f.superseded_at is null as holds into fact
        from user_memory_facts f where f.user_id = new.user_id and f.id = new.fact_id for no key update;
    if found and (fact.fact <> new.text or exists (
        select from memory_embeddings e
        where e.user_id = new.user_id and e.fact_id = new.fact_id and e.model = new.model
    )) then
        return null;
    end if;
    new.holds := coalesce(fact.holds, new.holds);
    return new;
end $$;
create trigger check_vector before insert on memory_embeddings for each row execute function check_vector();

call guard_functions('facts_to_embed', 'read_facts', 'check_vector');
grant execute on function facts_to_embed to frontdesk_keeper;
grant execute on function read_facts to frontdesk_app;
