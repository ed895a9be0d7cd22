-- What employees have on their desks: documents of the user's, and the accounts, transactions and plans that are read from
-- them or entered. Amounts are exact, in the currency that stands beside them; what is spent is negative. All of it goes
-- with its user's account.

create domain currency_code as text constraint currency_is_iso_4217 check (value ~ '^[A-Z]{3}$');
create domain money_amount as numeric(18, 4);

create table finance_accounts (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    account_id uuid not null default gen_random_uuid(),
    name text not null constraint account_has_a_name check (char_length(name) between 1 and 100),
    kind text not null default 'checking' constraint account_kind_is_known
        check (kind in ('checking', 'savings', 'card', 'cash', 'loan', 'investment')),
    currency currency_code not null,
    number_hash bytea,  -- the number itself is not kept
    number_end text,
    brought_by uuid,  -- the document that it was read from; it goes with that one's import, once it is empty
    created_at timestamptz not null default now(),
    primary key (user_id, account_id),
    unique (user_id, number_hash, currency)
);

create table finance_documents (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    document_id uuid not null default gen_random_uuid(),
    name text not null constraint document_has_a_name check (char_length(name) between 1 and 200),
    media_type text not null,
    size integer not null,
    content_hash bytea not null constraint hash_is_sha256 check (octet_length(content_hash) = 32),
    content bytea,  -- as it was sent; null once its user deleted it and kept what was read from it
    account_id uuid,     -- whose rows it has, where somebody said so
    format text,         -- rows of two formats are compared by day and amount, as their words differ
    kind text constraint document_kind_is_known check (kind in ('statement', 'receipt', 'text')),
    status text not null default 'waiting'
        constraint document_status_is_known check (status in ('waiting', 'reading', 'ready', 'failed', 'undone')),
    error_code text,
    error_detail text,  -- the same as a sentence
    progress real not null default 0,  -- of the reading, 0 to 1
    shape jsonb,         -- how its table is to be read, where somebody said so
    understood jsonb,    -- how it was read
    rejected jsonb not null default '[]',  -- lines that are no rows, with the reason of each
    receipt jsonb,       -- total, date and merchant of a receipt
    rows_added integer not null default 0,
    rows_known integer not null default 0,  -- that other documents had brought before
    lease_expires timestamptz,
    attempts smallint not null default 0,
    created_at timestamptz not null default now(),
    read_at timestamptz,
    primary key (user_id, document_id),
    unique (user_id, content_hash),  -- the same file again is the same document
    foreign key (user_id, account_id) references finance_accounts on delete set null (account_id),
    constraint failed_for_a_reason check ((status = 'failed') = (error_code is not null))
);
alter table finance_documents alter column content set storage external;  -- most files are compressed already
create index finance_documents_latest on finance_documents (user_id, created_at desc, document_id desc);
create index finance_documents_unread on finance_documents (created_at) where status in ('waiting', 'reading');

-- What a document says, page by page; found by words and by meaning.
create table finance_document_pages (
    user_id uuid not null,
    document_id uuid not null,
    page integer not null,
    body text not null,
    suspicious boolean not null default false,  -- it may hold instructions to an AI
    search tsvector not null,
    model text,
    embedding halfvec,
    primary key (user_id, document_id, page),
    foreign key (user_id, document_id) references finance_documents on delete cascade
);
create index finance_document_pages_words on finance_document_pages using gin (search);

-- What is remembered of tables with the same header.
create table finance_table_shapes (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    fingerprint text not null,
    shape jsonb,  -- how they are read, where somebody corrected that
    account_id uuid,  -- whose rows they have, as such tables do not say it themselves
    updated_at timestamptz not null default now(),
    primary key (user_id, fingerprint),
    foreign key (user_id, account_id) references finance_accounts on delete set null (account_id)
);

create table finance_categories (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    category text not null constraint category_is_a_slug check (category ~ '^[a-z0-9]+(_[a-z0-9]+)*$'),
    name text not null constraint category_has_a_name check (char_length(name) between 1 and 60),
    kind text not null constraint category_kind_is_known check (kind in ('expense', 'income', 'transfer')),
    deductible boolean not null default false,  -- whether what is in it may lower taxes
    created_at timestamptz not null default now(),
    primary key (user_id, category)
);

-- Rules give a category to rows without one. The oldest that matches counts.
create table finance_rules (
    user_id uuid not null,
    rule_id uuid not null default gen_random_uuid(),
    field text not null constraint rule_field_is_known check (field in ('counterparty', 'text', 'any')),
    match text not null constraint rule_match_is_known check (match in ('contains', 'equals', 'starts')),
    pattern text not null constraint rule_has_a_pattern check (char_length(pattern) between 2 and 100),
    category text not null,
    created_at timestamptz not null default now(),
    primary key (user_id, rule_id),
    unique (user_id, field, match, pattern),
    foreign key (user_id, category) references finance_categories on delete cascade on update cascade
);

-- What several rows of one merchant have in common: lower case, without signs and without words that have digits, which
-- are numbers of branches, cards and payments.
create function merchant_of(p_counterparty text, p_body text) returns text language sql immutable as $$
    with said as (select lower(coalesce(nullif(p_counterparty, ''), p_body)) as words),
    bare as (
        select words, trim(regexp_replace(regexp_replace(
            regexp_replace(words, '[^[:alnum:]&'' ]+', ' ', 'g'), '\S*[0-9]\S*', ' ', 'g'), '\s+', ' ', 'g')) as name
        from said)
    select left(coalesce(nullif(name, ''), words), 60) from bare
$$;

create table finance_transactions (
    user_id uuid not null,
    transaction_id uuid not null default gen_random_uuid(),
    account_id uuid not null,
    booked_on date not null,
    value_on date,
    amount money_amount not null,
    currency currency_code not null,
    counterparty text not null default '',
    body text not null default '',  -- the bank's words
    merchant text not null generated always as (merchant_of(counterparty, body)) stored,
    suspicious boolean not null default false,  -- they may hold instructions to an AI
    row_key bytea not null constraint key_is_16_bytes check (octet_length(row_key) = 16),
    occurrence integer not null default 1,  -- among rows of the same key
    category text,
    category_by text constraint category_source_is_known check (category_by in ('bank', 'rule', 'similar', 'model', 'user')),
    rule_id uuid,
    receipt_id uuid,
    note text constraint note_is_short check (char_length(note) between 1 and 500),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, transaction_id),
    unique (user_id, account_id, row_key, occurrence),
    foreign key (user_id, account_id) references finance_accounts on delete cascade,
    foreign key (user_id, category) references finance_categories on delete set null (category) on update cascade,
    foreign key (user_id, rule_id) references finance_rules on delete set null (rule_id),
    constraint receipt_of_transaction foreign key (user_id, receipt_id) references finance_documents
        on delete set null (receipt_id),
    constraint category_has_a_source check (category is null or category_by is not null)
);
create index finance_transactions_by_day on finance_transactions (user_id, booked_on desc, transaction_id desc);
create index finance_transactions_by_merchant on finance_transactions (user_id, merchant, booked_on);
create index finance_transactions_by_category on finance_transactions (user_id, category, booked_on);

-- Which documents have a row: it stays as long as one of them does. Two formats call the same row by other words, so each
-- source has its own key, and its own words where they are not the row's.
create table finance_transaction_sources (
    user_id uuid not null,
    document_id uuid not null,
    transaction_id uuid not null,
    line integer not null,  -- where it stands there
    row_key bytea not null,
    occurrence integer not null,
    words jsonb,
    primary key (user_id, document_id, transaction_id),
    foreign key (user_id, document_id) references finance_documents on delete cascade,
    foreign key (user_id, transaction_id) references finance_transactions on delete cascade
);
create index finance_transaction_sources_of on finance_transaction_sources (user_id, transaction_id);
create index finance_transaction_sources_key on finance_transaction_sources (user_id, row_key, occurrence);

-- What the user changed of many rows at once, so that it can be undone.
create table finance_changes (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    change_id uuid not null default gen_random_uuid(),
    category text,  -- what the rows were given
    before jsonb not null,  -- [{transaction_id, category, category_by, rule_id}]
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    primary key (user_id, change_id)
);

-- What an employee computed for an answer: each figure in it can be opened.
create table finance_references (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    reference_id uuid not null,
    turn_id uuid,  -- null where no turn asked for it
    tool text not null,
    arguments jsonb not null,
    result jsonb not null,
    created_at timestamptz not null default now(),
    primary key (user_id, reference_id),
    foreign key (user_id, turn_id) references chat_turns on delete cascade
);
create index finance_references_of_turn on finance_references (user_id, turn_id);

-- What an employee proposes to write; nothing is written before its user says yes.
create table finance_proposals (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    proposal_id uuid not null,
    turn_id uuid,
    kind text not null constraint proposal_kind_is_known check (kind in ('categories', 'rule', 'receipts', 'budget', 'goal')),
    content jsonb not null,
    status text not null default 'open'
        constraint proposal_status_is_known check (status in ('open', 'accepted', 'refused', 'undone')),
    undo jsonb,  -- what accepting it changed
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    primary key (user_id, proposal_id),
    foreign key (user_id, turn_id) references chat_turns on delete cascade
);
create index finance_proposals_of_turn on finance_proposals (user_id, turn_id);

create table finance_budgets (
    user_id uuid not null,
    category text not null,
    currency currency_code not null,
    amount money_amount not null constraint budget_is_positive check (amount > 0),  -- a month
    created_at timestamptz not null default now(),
    primary key (user_id, category, currency),
    foreign key (user_id, category) references finance_categories on delete cascade on update cascade
);

create table finance_goals (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    goal_id uuid not null default gen_random_uuid(),
    name text not null constraint goal_has_a_name check (char_length(name) between 1 and 100),
    target money_amount not null constraint target_is_positive check (target > 0),
    saved money_amount not null default 0 constraint saved_is_not_negative check (saved >= 0),
    currency currency_code not null,
    due_on date,
    created_at timestamptz not null default now(),
    primary key (user_id, goal_id)
);

create table finance_debts (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    debt_id uuid not null default gen_random_uuid(),
    name text not null constraint debt_has_a_name check (char_length(name) between 1 and 100),
    balance money_amount not null constraint balance_is_not_negative check (balance >= 0),  -- what is owed
    currency currency_code not null,
    annual_rate numeric(7, 4) not null constraint rate_is_plausible check (annual_rate between 0 and 200),  -- per cent
    minimum money_amount not null constraint minimum_is_not_negative check (minimum >= 0),  -- paid each month
    created_at timestamptz not null default now(),
    primary key (user_id, debt_id)
);

call guard_user_table('finance_documents');
call guard_user_table('finance_document_pages');
call guard_user_table('finance_table_shapes');
call guard_user_table('finance_accounts');
call guard_user_table('finance_categories');
call guard_user_table('finance_rules');
call guard_user_table('finance_transactions');
call guard_user_table('finance_transaction_sources');
call guard_user_table('finance_changes');
call guard_user_table('finance_references');
call guard_user_table('finance_proposals');
call guard_user_table('finance_budgets');
call guard_user_table('finance_goals');
call guard_user_table('finance_debts');
grant select, insert, update, delete on
    finance_documents, finance_document_pages, finance_table_shapes, finance_accounts, finance_categories, finance_rules,
    finance_transactions, finance_transaction_sources, finance_changes, finance_references,
    finance_proposals, finance_budgets, finance_goals, finance_debts
    to frontdesk_app;

-- Whichever process has time reads the next document: whose it is, is found here, and it is read in its user's name.
grant select (user_id, document_id, status, created_at, lease_expires, attempts),
    update (status, lease_expires, attempts) on finance_documents to frontdesk_keeper;
create policy keeper_sees on finance_documents for select to frontdesk_keeper using (true);
create policy keeper_leases on finance_documents for update to frontdesk_keeper using (true) with check (true);

-- The document that has waited longest, or whose reader died, for p_seconds; nothing where there is none.
create function claim_document(p_seconds double precision)
returns table (user_id uuid, document_id uuid, attempts smallint) language plpgsql as $$
#variable_conflict use_column
begin
    perform act_as('frontdesk_keeper');
    return query
        update finance_documents d
        set status = 'reading', attempts = d.attempts + 1, lease_expires = now() + make_interval(secs => p_seconds)
        from (
            select w.user_id, w.document_id from finance_documents w
            where w.status = 'waiting' or (w.status = 'reading' and w.lease_expires < now())
            order by w.created_at limit 1 for update skip locked) next
        where d.user_id = next.user_id and d.document_id = next.document_id
        returning d.user_id, d.document_id, d.attempts;
end $$;
-- An amount without zeros that say nothing, but with two places at least.
create function tidy(p_amount numeric) returns numeric language sql immutable as $$
    select round(p_amount, greatest(2, scale(trim_scale(p_amount))))
$$;

-- Whether a rule is for a row with these words.
create function rule_matches(p_field text, p_match text, p_pattern text, p_counterparty text, p_body text)
returns boolean language sql immutable as $$
    select exists (
        select from unnest(case p_field when 'counterparty' then array[p_counterparty] when 'text' then array[p_body]
                           else array[p_counterparty, p_body] end) as words
        where case p_match when 'equals' then lower(words) = lower(p_pattern)
                           when 'starts' then starts_with(lower(words), lower(p_pattern))
                           else position(lower(p_pattern) in lower(words)) > 0 end)
$$;

-- Whether the user has anything that tools look at. A turn asks it with its history, before its first token.
create function has_desk(p_user_id uuid) returns boolean language plpgsql as $$
begin
    perform act_for(p_user_id);
    return exists (select from finance_accounts where user_id = p_user_id)
        or exists (select from finance_documents where user_id = p_user_id)
        or exists (select from finance_budgets where user_id = p_user_id)
        or exists (select from finance_goals where user_id = p_user_id)
        or exists (select from finance_debts where user_id = p_user_id);
end $$;

call guard_functions('has_desk', 'claim_document', 'merchant_of', 'rule_matches', 'tidy');
grant execute on function has_desk, merchant_of, rule_matches, tidy to frontdesk_app;
grant execute on function claim_document to frontdesk_keeper;
