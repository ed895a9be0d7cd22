-- A conversation's title may be written by the model, and a conversation may be pinned to the top of the list.
--
-- Nobody knows who wrote the titles that are there, so they count as the user's and stay. Those that servers of either
-- release begin from now on have their first message as title, until a summary brings a better one.
alter table chat_conversations
    add column titled_by text not null default 'user',
    add column pinned boolean not null default false;
alter table chat_conversations alter column titled_by set default 'message';
alter table chat_conversations add constraint chat_conversations_titled_by
    check (titled_by in ('message', 'model', 'user')) not valid;
grant update (titled_by, pinned) on chat_conversations to frontdesk_app;

-- Give the conversation the title that the model wrote at the end of a turn: in place of its first message, never instead
-- of the user's. That of a superseded turn is dropped.
create function title_conversation(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_title text)
returns void language plpgsql as $$
begin
    perform act_for(p_user_id);
    update chat_conversations c set title = p_title, titled_by = 'model'
        where c.user_id = p_user_id and c.convo_id = p_convo_id and c.titled_by = 'message' and p_title is not null
        and exists (select from chat_messages q where q.user_id = p_user_id and q.turn_id = p_turn_id
                    and q.role = 'user' and not q.superseded);
end $$;

-- The model's title goes with the first question that it was written for, so that no list shows words that were replaced.
-- It becomes that question's own, which activate_path replaces then.
create function drop_title() returns trigger language plpgsql as $$
begin
    update chat_conversations c set title = message_title(new.content), titled_by = 'message'
        where c.user_id = new.user_id and c.convo_id = new.convo_id and c.titled_by = 'model'
        and exists (select from chat_turns t
                    where t.user_id = new.user_id and t.turn_id = new.turn_id and t.parent = no_turn());
    return null;
end $$;
create trigger title_superseded after update of superseded on chat_messages for each row
    when (new.superseded and not old.superseded and new.role = 'user') execute function drop_title();

call guard_functions('title_conversation', 'drop_title');
grant execute on function title_conversation to frontdesk_app;
