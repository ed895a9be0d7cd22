-- What bank statements say of an account's balance was read and thrown away, so nobody could say what is in an account.
-- Kept is the balance after the last row of each statement; that of another day follows from the rows between.

create table finance_balances (
    user_id uuid not null,
    document_id uuid not null,
    account_id uuid not null,
    as_of date not null,  -- the balance is that after the document's rows up to this day
    amount money_amount not null,
    currency currency_code not null,
    primary key (user_id, document_id, account_id, as_of),
    foreign key (user_id, document_id) references finance_documents on delete cascade,
    foreign key (user_id, account_id) references finance_accounts on delete cascade
);
create index finance_balances_of_account on finance_balances (user_id, account_id, as_of);

call guard_user_table('finance_balances');
grant select, insert, update, delete on finance_balances to frontdesk_app;
