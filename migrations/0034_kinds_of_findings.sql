-- The guard masks keys and passwords, too, and e-mail addresses and phone numbers where a setting asks for it. Validated
-- by 0040: every row already fits, and checking them all would hold the table's lock.
alter table chat_guard_events
    drop constraint chat_guard_events_kind_check,
    add constraint chat_guard_events_kind_check
        check (kind in ('card', 'iban', 'national_id', 'secret', 'email', 'phone', 'injection')) not valid;
