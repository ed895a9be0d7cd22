-- A turn's status has one word per state, the same in the database, the program and the documents: streaming (was
-- accepted), answered, done, stopped, failed. A turn whose answer was stopped ends as `stopped`, not as `done`.

drop trigger wake_next_after_answer on chat_turns;
drop trigger wake_next_after_deletion on chat_turns;
drop index chat_turns_open, chat_turns_leased;
alter table chat_turns drop constraint chat_turns_status_check;

-- Every row is meant, whichever policies bind the owner.
alter table chat_turns no force row level security;
update chat_turns set status = 'streaming' where status = 'accepted';
update chat_turns set status = 'stopped' where status = 'done' and finish_reason = 'stopped';
alter table chat_turns force row level security;

alter table chat_turns
    alter column status set default 'streaming',
    add constraint chat_turns_status_check check (status in ('streaming', 'answered', 'done', 'stopped', 'failed'));
create index chat_turns_leased on chat_turns (lease_until) where status in ('streaming', 'answered');
create index chat_turns_open on chat_turns (user_id, convo_id) where status = 'streaming';
create constraint trigger wake_next_after_answer after update of status on chat_turns
    deferrable initially deferred for each row
    when (old.status = 'streaming' and new.status <> 'streaming') execute function wake_next_after_turn();
create constraint trigger wake_next_after_deletion after delete on chat_turns
    deferrable initially deferred for each row
    when (old.status = 'streaming') execute function wake_next_after_turn();
