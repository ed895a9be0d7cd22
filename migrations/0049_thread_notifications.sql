-- Readers of a whole conversation, as LangGraph's clients have them, wait for turns that no process has begun yet. The
-- first event of each attempt at a turn is notified under the conversation's id as well, with the batch that logs it.
-- Acceptance itself notifies nobody: commits that notify wait for each other's disk.
create or replace function log_events(
    p_users uuid[], p_turns uuid[], p_first integer[], p_last integer[], p_events text[]
) returns void language plpgsql as $$
begin
    perform act_as('frontdesk_journal');
    -- Events lost in a crash of the server are written again when the turn is run again.
    perform set_config('synchronous_commit', 'off', true);
    insert into chat_turn_events (user_id, turn_id, first, last, events)
        select g.user_id, g.turn_id, g.first, g.last, g.events::json
        from unnest(p_users, p_turns, p_first, p_last, p_events) as g(user_id, turn_id, first, last, events)
        on conflict do nothing;
    perform pg_notify('frontdesk_turns', g.turn_id::text) from (select distinct unnest(p_turns) as turn_id) g;
    perform pg_notify('frontdesk_turns', b.convo_id) from (
        select g.events::json -> 0 -> 'data' ->> 'conversation_id' as convo_id
        from unnest(p_first, p_events) as g(first, events)
        where g.first % 1000000 = 1) b  -- each attempt numbers from its own million on
        where b.convo_id is not null;
end $$;
