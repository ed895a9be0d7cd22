-- The constraints that the migrations before added without looking at the rows. Validating lets others read and write.
alter table chat_turns validate constraint version_is_known;
alter table chat_guard_events validate constraint chat_guard_events_kind_check;
alter table chat_admin_audit validate constraint action_is_known;
alter table chat_conversations validate constraint chat_conversations_titled_by;
