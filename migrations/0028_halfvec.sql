-- Embeddings at the model's own width, in half precision: a search reads an eighth of the bytes and finds the same.
-- Needs pgvector 0.7.

-- What every function of ours needs, said once, as guard_user_table does for tables: a new function is everyone's to
-- call, and on Supabase by name its platform's roles' as well. A migration then grants it to who calls it.
create procedure guard_functions(variadic p_names text[]) language plpgsql as $$
declare
    function regprocedure;
    grantee text;
begin
    for function, grantee in
        select p.oid::regprocedure, g.name
        from pg_proc p,
             (select 'public' as name union all
              select quote_ident(rolname) from pg_roles
              where rolname in ('frontdesk_app', 'anon', 'authenticated', 'service_role')) g
        where p.pronamespace = 'public'::regnamespace and p.proname = any(p_names)
    loop
        execute format('revoke all on routine %s from %s', function, grantee);
    end loop;
end $$;

-- How many numbers of a vector are not padding.
create function unpadded_width(p_vector halfvec) returns integer language sql immutable as $$
    select coalesce(max(n), 1)::integer from unnest(p_vector::real[]) with ordinality as v(number, n) where number <> 0
$$;

-- Every row is meant, whichever policies bind the owner.
alter table memory_embeddings no force row level security;
alter table memory_embeddings alter column embedding type halfvec using embedding::halfvec;
-- The width is the model's: one vector may end in zeros of its own.
update memory_embeddings e set embedding = subvector(e.embedding, 1, own.width)
from (select model, max(unpadded_width(embedding)) as width from memory_embeddings group by model) own
where own.model = e.model;
alter table memory_embeddings force row level security;
-- In the row itself, as before, which halves the time of a search; out of line only what does not fit there.
alter table memory_embeddings alter column embedding set storage main;
-- Vectors of different widths never meet, as those of different models: comparing them is an error.
alter table memory_embeddings add column width integer not null generated always as (vector_dims(embedding)) stored;

-- A process of the release before still pads what it stores, while both run.
create function remove_padding() returns trigger language plpgsql as $$
begin
    new.embedding := subvector(new.embedding, 1, greatest(unpadded_width(new.embedding), (
        select max(e.width) from memory_embeddings e
        where e.user_id = new.user_id and e.model = new.model and e.width <= 1024)));
    return new;
end $$;
create trigger remove_padding before insert on memory_embeddings
    for each row when (vector_dims(new.embedding) = 1536 and unpadded_width(new.embedding) <= 1024)
    execute function remove_padding();

-- The facts nearest to a vector of the same model, best first, with their cosine similarity; only facts that still hold.
drop function match_memory(uuid, vector, integer, text);
create function match_memory(
    p_user_id uuid,
    p_query_embedding halfvec,
    p_match_count integer default 6,
    p_model text default null
) returns table (message_id uuid, similarity double precision, text text, fact_id uuid, created_at timestamptz)
language sql stable as $$
    select e.message_id, 1 - (e.embedding <=> p_query_embedding), e.text, e.fact_id, e.created_at
    from memory_embeddings e
    where e.user_id = p_user_id and e.holds and (p_model is null or e.model = p_model)
    and e.width = vector_dims(p_query_embedding)
    order by e.embedding <=> p_query_embedding
    limit p_match_count
$$;

call guard_functions('guard_functions', 'unpadded_width', 'remove_padding', 'match_memory');
grant execute on function match_memory, unpadded_width to frontdesk_app;
