-- What a turn recalls was planned anew for each message, and read every message of the table: several milliseconds of
-- CPU before each answer. The plans below are made once for each connection (docs/decisions.md, 149).

-- As in 0028; each distance is computed once.
create or replace function match_memory(
    p_user_id uuid, p_query_embedding halfvec, p_match_count integer default 6, p_model text default null
) returns table (message_id uuid, similarity double precision, text text, fact_id uuid, created_at timestamptz)
language sql stable as $$
    select n.message_id, 1 - n.distance, n.text, n.fact_id, n.created_at
    from (
        select e.message_id, e.embedding <=> p_query_embedding as distance, e.text, e.fact_id, e.created_at
        from memory_embeddings e
        where e.user_id = p_user_id and e.holds and (p_model is null or e.model = p_model)
        and e.width = vector_dims(p_query_embedding)
        order by distance
        limit p_match_count) n
    order by n.distance
$$;

-- As in 0035, without joins: a plan for conversations of any length must not compare each turn with each other one.
create or replace function recall_turns(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_terms tsquery[], p_vector halfvec, p_model text, p_count integer,
    p_floor double precision default 0.55
) returns table (turn_id uuid, score double precision, by_answer boolean) language plpgsql stable
rows 12  -- about p_count, so that its caller looks each turn up and does not read the table
-- So that the newest messages are read by their index, whatever the table's statistics say.
set plan_cache_mode = force_generic_plan set enable_bitmapscan = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
    any_term tsquery := (select string_agg('(' || t::text || ')', '|')::tsquery from unnest(p_terms) t);
begin
    return query
        with said as materialized (
            select m.turn_id, m.seq, m.role, length(m.search) as words,
                   case when m.search @@ any_term then m.search end as found
            from (
                select n.turn_id, n.seq, n.role, n.search
                from chat_messages n
                where n.user_id = p_user_id and n.convo_id = p_convo_id and n.turn_id <> p_turn_id
                and n.content <> '' and not n.superseded
                and n.turn_id not in (select t.turn_id from chat_turns t where t.user_id = p_user_id and t.forgotten)
                order by n.seq desc limit 600) m
        ), everything as materialized (
            select count(*)::float8 as messages, avg(words)::float8 as words from said
        ), hit as materialized (  -- also a row for a message that has none of the words
            select s.turn_id, s.seq, s.role, s.words, t.number
            from said s left join lateral (
                select w.number::integer from unnest(p_terms) with ordinality w (term, number) where s.found @@ w.term
            ) t on true
        ), rarity as materialized (
            select array_agg(t.idf order by t.number) as idf, sum(t.idf) as whole
            from (
                select t.number,
                       ln(1 + (e.messages - count(h.number) + 0.5::float8) / (count(h.number) + 0.5::float8)) as idf
                from everything e, generate_subscripts(p_terms, 1) t (number) left join hit h on h.number = t.number
                group by t.number, e.messages) t
        ), of_term as (
            select h.turn_id, max(h.seq) filter (where h.role = 'user') as seq, r.idf[h.number] as idf,
                   sum(w.weight) as weight,
                   sum(case h.role when 'assistant' then w.weight else -w.weight end) as answer
            from hit h, everything e, rarity r,
                 lateral (select r.idf[h.number] * 2.2 / (1 + 1.2 * (0.25 + 0.75 * h.words / e.words)) as weight) w
            group by h.turn_id, h.number, r.idf
        ), turn as materialized (
            select o.*, (
                select 1 - (v.embedding <=> p_vector) from chat_turn_vectors v
                where v.user_id = p_user_id and v.turn_id = o.turn_id
                and v.model = p_model and vector_dims(v.embedding) = vector_dims(p_vector)) as similarity
            from (
                select o.turn_id, max(o.seq) as seq, coalesce(sum(o.weight), 0) as bm25,
                       coalesce(sum(o.idf) / (select whole from rarity), 0) as covered,
                       coalesce(sum(o.answer) > 0, false) as by_answer
                from of_term o group by o.turn_id having max(o.seq) is not null) o
        ), scale as materialized (
            select avg(similarity) as similarity, nullif(stddev_pop(similarity), 0) as similarities,
                   avg(bm25) as bm25, nullif(stddev_pop(bm25), 0) as bm25s
            from turn
        ), scored as (
            select t.*, coalesce((t.similarity - s.similarity) / s.similarities, 0)
                        + 0.4 * coalesce((t.bm25 - s.bm25) / s.bm25s, 0) as own
            from turn t, scale s
        ), placed as (
            select s.turn_id, s.by_answer, s.similarity, s.covered,
                   s.own + 0.2 * (lag(s.own, 1, 0) over conversation + lead(s.own, 1, 0) over conversation) as score,
                   greatest(coalesce(lag(s.similarity) over conversation, s.similarity),
                            coalesce(lead(s.similarity) over conversation, s.similarity)) as beside
            from scored s window conversation as (order by s.seq)
        )
        select p.turn_id, p.score, p.by_answer from placed p
        where coalesce(p.similarity + p.beside, 0.43) + 0.3 * p.covered >= p_floor
        order by p.score desc limit p_count;
end $$;

-- As in 0035.
create or replace function recall_memory(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_message text, p_vector halfvec, p_model text, p_facts integer, p_turns integer,
    p_chars integer
) returns table (facts json, turns json) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    terms tsquery[];
begin
    perform act_for(p_user_id);
    perform set_config('synchronous_commit', 'off', true);  -- a turn whose vector is lost is found by its words
    insert into chat_turn_vectors (user_id, turn_id, model, embedding)
        select t.user_id, t.turn_id, p_model, p_vector
        from chat_turns t where t.user_id = p_user_id and t.turn_id = p_turn_id
        on conflict do nothing;
    select json_agg(json_build_object('fact_id', m.fact_id, 'fact', m.text, 'learned', m.created_at::date,
                                      'similarity', m.similarity) order by m.similarity desc)
        into facts from match_memory(p_user_id, p_vector, p_facts, p_model) m;
    -- In order, so that the index is used: the planner expects to meet such a message soon in any order, and where there
    -- is none, all messages of all users would be read.
    perform from chat_messages m
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id
        order by m.seq desc limit 1;
    if found then
        terms := recall_terms(p_message);
    end if;
    if terms is not null then  -- else nothing was said before, or the message names nothing to look for
        select json_agg(json_build_object('turn_id', r.turn_id, 'date', q.created_at::date,
                                          'said', left(q.content, p_chars), 'employee', a.employee_key,
                                          'answered', left(a.content, p_chars)) order by r.score desc)
            into turns
            from recall_turns(p_user_id, p_convo_id, p_turn_id, terms, p_vector, p_model, p_turns) r
            join chat_messages q on q.user_id = p_user_id and q.turn_id = r.turn_id and q.role = 'user'
            left join chat_messages a
            on r.by_answer and a.user_id = p_user_id and a.turn_id = r.turn_id and a.role = 'assistant';
    end if;
    return next;
end $$;

-- Each of their statements finds its rows by the user and an id, so a plan fits every user.
alter function recall_facts set plan_cache_mode = force_generic_plan;
alter function answer_turn set plan_cache_mode = force_generic_plan;
alter function learn_facts set plan_cache_mode = force_generic_plan;
