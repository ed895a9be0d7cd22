-- What a user says of an answer: once for each turn, changeable, and gone with the turn.
create table chat_feedback (
    user_id uuid not null,
    turn_id uuid not null,
    employee_slug text not null,  -- who answered
    rating text not null constraint rating_is_known check (rating in ('up', 'down')),
    reason text constraint reason_is_known
        check (reason in ('wrong', 'not_asked', 'wrong_employee', 'unsafe', 'other')),
    comment text constraint comment_is_short check (length(comment) between 1 and 3000),
    wanted_employee text,  -- who should have answered
    temporary boolean not null default false,  -- whether its conversation is: then no list and no example has it
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, turn_id),
    constraint feedback_on_turn foreign key (user_id, turn_id) references chat_turns on delete cascade,
    constraint reason_of_a_bad_answer check (reason is null or rating = 'down'),
    constraint wanted_instead_of_the_wrong_one
        check (wanted_employee is null or (wanted_employee <> employee_slug and coalesce(reason, '') = 'wrong_employee'))
);
create index chat_feedback_latest on chat_feedback (created_at desc, turn_id desc);
call guard_user_table('chat_feedback');
grant select, insert, update (employee_slug, rating, reason, comment, wanted_employee, updated_at), delete
    on chat_feedback to frontdesk_app;

-- An administrator counts ratings and reasons, and sees of which turn: no user's id, and no comment.
grant select (turn_id, employee_slug, rating, reason, wanted_employee, temporary, created_at)
    on chat_feedback to frontdesk_analyst;
create policy analyst_sees on chat_feedback for select to frontdesk_analyst using (true);
-- Examples for the router are exported from turns of all users: whose they are is found here, and their words are read
-- in the name of each.
grant select (user_id, wanted_employee) on chat_feedback to frontdesk_keeper;
create policy keeper_sees on chat_feedback for select to frontdesk_keeper using (true);

-- A misroute may be known from feedback alone, and is none any more once that is taken back.
alter table chat_misroutes add column from_feedback boolean not null default false;
grant update (from_feedback), delete on chat_misroutes to frontdesk_app;

-- One more thing that administrators look at. Widened, so every row satisfies it.
alter table chat_admin_audit drop constraint action_is_known;
alter table chat_admin_audit add constraint action_is_known check (
    action in ('metrics_summary', 'prometheus', 'audit', 'turns', 'turn', 'turn_content', 'costs', 'feedback')
) not valid;
