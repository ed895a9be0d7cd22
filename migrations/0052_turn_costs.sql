-- Steps of a turn that cost more than they need to (docs/decisions.md, 165).

-- As in 0026, the same words. `translate` looks each character up in the list of all signs, which took most of the time
-- in which a message was stored; and ASCII has no other forms to make plain.
create or replace function chat_search_words(p_text text) returns text
language sql immutable parallel safe as $$
    select case when octet_length(p_text) = length(p_text) then regexp_replace(p_text, '[!-/:-@[-`{-~]+', ' ', 'g')
    else regexp_replace(
        regexp_replace(
            normalize(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
            '[!-/:-@[-`{-~]+', ' ', 'g'),
        '([\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])',
        ' \1 ', 'g') end
$$;

-- As in 0033; its commit does not wait for the disk.
create or replace function learn_facts(p_user_id uuid, p_turn_id uuid, p_model text, p_facts jsonb)
returns table (fact_id uuid, fact text) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    given record;
    learned uuid;
    known boolean;
    said record;
begin
    perform act_for(p_user_id);
    perform set_config('synchronous_commit', 'off', true);  -- where it is lost, so is the turn's end: it is recovered
    perform lock_facts(p_user_id);
    -- Before the message's row, which facts refer to: a deletion of a turn locks them in this order, too.
    update chat_turns t set facts_at = now() where t.user_id = p_user_id and t.turn_id = p_turn_id;
    select q.superseded, q.created_at into said from chat_messages q where q.user_id = p_user_id and q.id = p_turn_id;
    if said.superseded then
        perform store_replacements(p_user_id);
    end if;
    for given in
        select g.* from jsonb_to_recordset(p_facts)
            as g(fact text, hash text, confidence real, vector text, replaces uuid[])
    loop
        known := exists (
            select from user_memory_facts f where f.user_id = p_user_id and f.fact_hash = given.hash
            and f.superseded_at is null and f.withdrawn_at is null);
        insert into user_memory_facts as f (user_id, fact, fact_hash, confidence, source_message_id)
            values (p_user_id, given.fact, given.hash, given.confidence, p_turn_id)
            on conflict (user_id, fact_hash) do update
            set superseded_by = null, superseded_at = null, withdrawn_at = null,
                confidence = greatest(f.confidence, excluded.confidence)
            returning f.id into learned;
        perform store_embedding(p_user_id, learned, given.vector, p_model);
        insert into user_fact_sources (user_id, fact_id, message_id) values (p_user_id, learned, p_turn_id)
            on conflict do nothing;
        insert into user_fact_replacements (user_id, fact_id, replaced_by, replaced_at)
            select p_user_id, f.id, learned, said.created_at from user_memory_facts f
            where f.user_id = p_user_id and f.id = any(given.replaces) and f.id <> learned and f.superseded_at is null
            on conflict (user_id, fact_id, replaced_by) do update set replaced_at = excluded.replaced_at;
        update user_memory_facts f set superseded_by = learned, superseded_at = now()
            where f.user_id = p_user_id and f.id = any(given.replaces) and f.id <> learned and f.superseded_at is null;
        if not known then
            fact_id := learned;
            fact := given.fact;
            return next;
        end if;
    end loop;
    if said.superseded then
        perform settle_facts(p_user_id);
    end if;
end $$;
