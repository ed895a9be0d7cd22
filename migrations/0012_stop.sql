-- Somebody asked that a turn's answer end: written down, because the process that writes it may be another one.
alter table chat_turns add column stop_asked_at timestamptz;
grant update (stop_asked_at) on chat_turns to frontdesk_app;
