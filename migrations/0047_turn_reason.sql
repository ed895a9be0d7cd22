-- What was said in a turn, with the code of the reason for its employee: pages in another language have a sentence of
-- their own for it. read_turn_content stays for servers of the release before.

-- The entry is added first, in the same transaction: no look without it.
create function read_turn_said(p_admin_id uuid, p_turn_id uuid)
returns table (message text, answer text, reason text, reason_code text, keyword text) language plpgsql as $$
declare
    owner_id uuid;
begin
    perform act_as('frontdesk_auditor');
    perform add_to_admin_audit(p_admin_id, 'turn_content', p_turn_id::text, 0);
    select m.user_id into owner_id from xai_chat_metrics m where m.id = p_turn_id;
    perform set_config('role', 'none', true);
    perform act_for(owner_id);
    return query
        select q.content, a.content, t.route ->> 'reason', t.route ->> 'reason_code', t.route ->> 'keyword'
        from chat_turns t
        join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'
        left join chat_messages a on a.user_id = t.user_id and a.turn_id = t.turn_id and a.role = 'assistant'
        where t.user_id = owner_id and t.turn_id = p_turn_id;
end $$;

call guard_functions('read_turn_said');
grant execute on function read_turn_said to frontdesk_auditor;
