-- Who was asked instead of whom: a person who sends a message to another employee than the one that just answered it
-- says that the choice was wrong, which is the only honest measure of it. Kept with the turn whose answer was not
-- wanted, once for each, and gone with it.
create table chat_misroutes (
    user_id uuid not null,
    turn_id uuid not null,  -- the turn that the wrong one answered
    chosen_employee text not null,
    wanted_employee text not null,
    created_at timestamptz not null default now(),
    primary key (user_id, turn_id),
    constraint misroute_of_turn foreign key (user_id, turn_id) references chat_turns on delete cascade,
    constraint another_is_wanted check (wanted_employee <> chosen_employee)
);
call guard_user_table('chat_misroutes');
-- Whoever asks a third one changes their mind about the same answer.
grant select, insert, update (wanted_employee) on chat_misroutes to frontdesk_app;
