-- Earlier turns of a conversation are found again by their words and by the vectors of their questions, in the statement that
-- recalls facts. What is found of a turn's words is in chat_messages.search already, so old turns are found, too.

-- The vector of a turn's question, of the model that was in use then; a turn of another model is found by its words.
create table chat_turn_vectors (
    user_id uuid not null,
    turn_id uuid not null,
    model text not null,
    embedding halfvec not null,
    created_at timestamptz not null default now(),
    primary key (user_id, turn_id),
    foreign key (user_id, turn_id) references chat_turns on delete cascade
);
-- In the row itself, which halves the time of a search.
alter table chat_turn_vectors alter column embedding set storage main;
call guard_user_table('chat_turn_vectors');
grant select, insert on chat_turn_vectors to frontdesk_app;

-- A turn from which a fact was learned that its user deleted is not recalled any more: they want it forgotten.
alter table chat_turns add column forgotten boolean not null default false;
grant update (forgotten) on chat_turns to frontdesk_app;

-- What to look for, for each of the 16 longest words of a message but for English stop words: words that begin like its
-- English stem. Words of other languages mostly are their own stem. Null where there is none.
create function recall_terms(p_message text) returns tsquery[] language plpgsql stable as $$
begin
    return (
        select array_agg((case when length(kept.stem) < 3 then quote_literal(kept.word)
                          else quote_literal(kept.stem) || ':*' end)::tsquery)
        from (
            select w.lexeme as word, rtrim(left(w.lexeme, length(s.stem)), 'iey') as stem
            from unnest(to_tsvector('simple', chat_search_words(left(p_message, 500)))) w,
                 lateral (select (ts_lexize('english_stem', w.lexeme))[1] as stem) s
            where s.stem <> '' and (length(w.lexeme) > 1 or w.lexeme > '~')
            order by length(w.lexeme) desc, w.lexeme limit 16) kept);
end $$;

-- The earlier turns of a conversation that have most to do with a message, best first. Those of its newest 600 messages
-- are scored, so that a long one costs no more. docs/understanding.md has the formula and how its numbers were chosen.
--   p_terms   as recall_terms says
--   p_floor   what a turn must reach: its question's similarity, that of the more similar one beside it, and .3 of how
--             much of the words it has, weighted by their rarity; without a vector .43 instead of the similarities
--   score     z(similarity of the questions) + .4 z(BM25 of question and answer), and .2 of each neighbour's
--   by_answer whether more of the words are in the answer than in the question
create function recall_turns(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_terms tsquery[], p_vector halfvec, p_model text, p_count integer,
    p_floor double precision default 0.55
) returns table (turn_id uuid, score double precision, by_answer boolean) language plpgsql stable
-- So that the newest messages are read by their index: for a conversation of average length it would be as cheap to read
-- all of it, or the whole table, and the plan is made once for all conversations.
set enable_bitmapscan = off set enable_seqscan = off as $$
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
        ), hit as materialized (
            select s.turn_id, s.role, s.words, t.number
            from said s join unnest(p_terms) with ordinality t (term, number) on s.found @@ t.term
            where s.found is not null
        ), term as materialized (
            select t.number,
                   ln(1 + (e.messages - count(h.number) + 0.5::float8) / (count(h.number) + 0.5::float8)) as idf
            from everything e, generate_subscripts(p_terms, 1) t (number) left join hit h on h.number = t.number
            group by t.number, e.messages
        ), of_term as (
            select h.turn_id, t.idf, sum(w.weight) as weight,
                   sum(case h.role when 'assistant' then w.weight else -w.weight end) as answer
            from hit h join term t on t.number = h.number, everything e,
                 lateral (select t.idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * h.words / e.words)) as weight) w
            group by h.turn_id, t.number, t.idf
        ), worded as materialized (
            select o.turn_id, sum(o.weight) as bm25, sum(o.answer) > 0 as by_answer,
                   sum(o.idf) / (select sum(idf) from term) as covered
            from of_term o group by o.turn_id
        ), vector as materialized (
            select v.turn_id, 1 - (v.embedding <=> p_vector) as similarity
            from chat_turn_vectors v
            where v.user_id = p_user_id and v.turn_id = any (array(select s.turn_id from said s where s.role = 'user'))
            and v.model = p_model and vector_dims(v.embedding) = vector_dims(p_vector)
        ), turn as materialized (
            select s.turn_id, s.seq, v.similarity, coalesce(w.bm25, 0) as bm25,
                   coalesce(w.covered, 0) as covered, coalesce(w.by_answer, false) as by_answer
            from said s left join vector v on v.turn_id = s.turn_id left join worded w on w.turn_id = s.turn_id
            where s.role = 'user'
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

-- What is remembered for a message: the nearest facts, as match_memory finds them, and the earlier turns of its
-- conversation that have most to do with it. Its vector is stored with its turn.
--   facts   [{"fact_id", "fact", "learned", "similarity"}], best first
--   turns   [{"turn_id", "date", "said", "employee", "answered"}], best first; the answer where the words are in it
create function recall_memory(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_message text, p_vector halfvec, p_model text, p_facts integer, p_turns integer,
    p_chars integer
) returns table (facts json, turns json) language plpgsql as $$
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
    if exists (
        select from chat_messages m
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id
    ) then
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

call guard_functions('recall_terms', 'recall_turns', 'recall_memory');
grant execute on function recall_terms, recall_turns, recall_memory to frontdesk_app;
