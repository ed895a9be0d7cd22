-- Old rows are deleted in batches, each of which finds its rows through an index by age. LangGraph's table gets its
-- own when the library has made it (storage/checkpoints.py).
create index chat_rate_limits_age on chat_rate_limits (created_at);
create index chat_queue_age on chat_queue (lease_until);

-- A batch's rows are deleted by where they lie (ctid), so that no plan looks for them a second time.
grant select (ctid) on chat_turn_events, chat_rate_limits, chat_idempotency, chat_queue to frontdesk_keeper;

-- Numbers, and what the guard found, are kept for a time that can be set.
grant select (ctid, created_at), delete on xai_chat_metrics, chat_guard_events to frontdesk_keeper;
create policy keeper_sees on xai_chat_metrics for select to frontdesk_keeper using (true);
create policy keeper_deletes on xai_chat_metrics for delete to frontdesk_keeper using (true);
create policy keeper_sees on chat_guard_events for select to frontdesk_keeper using (true);
create policy keeper_deletes on chat_guard_events for delete to frontdesk_keeper using (true);
