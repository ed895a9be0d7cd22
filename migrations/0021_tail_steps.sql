-- Summary and facts of a turn are paid for, so whoever takes the turn over must know which of them are done. Each is
-- noted in the transaction that stores it; a search that found no facts is noted, too.
alter table chat_turns
    add column summarised_at timestamptz,
    add column facts_at timestamptz;
grant update (summarised_at, facts_at) on chat_turns to frontdesk_app;
