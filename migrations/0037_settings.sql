-- A user may switch memory off, and a conversation may be temporary: nothing is recalled or learned there, no list has it,
-- and retention deletes it a day after its last message.
alter table chat_users add column memory boolean not null default true;
grant update (memory) on chat_users to frontdesk_app;

alter table chat_conversations add column temporary boolean not null default false;
grant select (temporary) on chat_conversations to frontdesk_keeper;

-- Whether facts may be recalled and learned in a conversation.
create function may_remember(p_user_id uuid, p_convo_id text) returns boolean language sql stable as $$
    select u.memory and not exists (
        select from chat_conversations c where c.user_id = p_user_id and c.convo_id = p_convo_id and c.temporary)
    from chat_users u where u.user_id = p_user_id
$$;

-- Store the turn with its message as accept_turn does, which servers of the release before still call, or as
-- accept_version where it is a version of another turn; says whether facts may be recalled and learned in it. A turn in
-- which they may not is not recalled later, either. p_temporary counts where the message begins its conversation.
create function begin_turn(
    p_user_id uuid, p_turn_id uuid, p_convo_id text, p_title text, p_message text, p_asked_employee text,
    p_employee text, p_route json, p_owner uuid, p_lease double precision, p_elsewhere double precision,
    p_temporary boolean, p_version text, p_replaces uuid
) returns boolean language plpgsql as $$
begin
    perform act_for(p_user_id);
    if p_temporary then
        insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
        insert into chat_conversations (user_id, convo_id, title, temporary) values (p_user_id, p_convo_id, p_title, true)
            on conflict (user_id, convo_id) do nothing;
    end if;
    if p_version is null then
        perform accept_turn(
            p_user_id, p_turn_id, p_convo_id, p_title, p_message, p_asked_employee, p_employee, p_route, p_owner,
            p_lease, p_elsewhere);
    else
        perform accept_version(
            p_user_id, p_turn_id, p_convo_id, p_title, p_message, p_asked_employee, p_employee, p_route, p_owner,
            p_lease, p_elsewhere, p_version, p_replaces);
    end if;
    if may_remember(p_user_id, p_convo_id) then
        return true;
    end if;
    update chat_turns t set forgotten = true where t.user_id = p_user_id and t.turn_id = p_turn_id;
    return false;
end $$;

call guard_functions('may_remember', 'begin_turn');
grant execute on function may_remember, begin_turn to frontdesk_app;
