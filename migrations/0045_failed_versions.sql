-- A version that failed is no version any more: what it replaced is active again, and nothing can follow it. It counted
-- after a reload, and led to a question without an answer. It still does for itself, where a link or an import shows it.
-- A first turn that failed stays one of them, because other turns may follow it.

create or replace function versions_of(p_user_id uuid, p_turn_id uuid, p_convo_id text, p_parent uuid) returns uuid[]
language sql stable as $$
    select case when p_parent is null then array[p_turn_id] else array(
        select t.turn_id from chat_turns t
        join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'
        where t.user_id = p_user_id and t.parent = p_parent and t.convo_id = p_convo_id
        and (t.turn_id = p_turn_id or not q.superseded or not exists (
            select from chat_turns c
            where c.user_id = p_user_id and c.parent = p_parent and c.replaces = t.turn_id
            and c.version = 'continue' and c.status <> 'failed'))
        and (t.turn_id = p_turn_id or t.version is null or t.status <> 'failed')
        order by q.seq) end
$$;
