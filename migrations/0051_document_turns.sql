-- Several documents are read side by side, fairly between users: in turn, and never in the order of arrival alone, in
-- which a file of one user would wait for fifty of another.
grant select (read_at) on finance_documents to frontdesk_keeper;

-- The next document to read, for p_seconds, or one whose reader died; nothing where there is none. The users of
-- p_without have as many readers as they may. Then it is the turn of the user with the fewest documents being
-- read, and of those, of the one who was served the longest time ago.
create function claim_next_document(p_seconds double precision, p_without uuid[])
returns table (user_id uuid, document_id uuid, attempts smallint) language plpgsql as $$
#variable_conflict use_column
begin
    perform act_as('frontdesk_keeper');
    return query
        with unread as materialized (
            select w.user_id, w.document_id, w.created_at, w.status = 'reading' and w.lease_expires >= now() as is_read
            from finance_documents w where w.status in ('waiting', 'reading')
        ), turns as (
            select u.user_id, count(*) filter (where u.is_read) as readers,
                   (select max(d.read_at) from finance_documents d where d.user_id = u.user_id) as served
            from unread u where u.user_id <> all (p_without) group by u.user_id
        ), next as (
            select w.user_id, w.document_id from turns t
            join unread u on u.user_id = t.user_id and not u.is_read
            join finance_documents w on w.user_id = u.user_id and w.document_id = u.document_id
            -- Again, because another process may have claimed it since the snapshot.
            where w.status = 'waiting' or (w.status = 'reading' and w.lease_expires < now())
            order by t.readers, t.served nulls first, u.created_at, u.document_id
            limit 1 for update of w skip locked
        )
        update finance_documents d
        set status = 'reading', attempts = d.attempts + 1, lease_expires = now() + make_interval(secs => p_seconds)
        from next
        where d.user_id = next.user_id and d.document_id = next.document_id
        returning d.user_id, d.document_id, d.attempts;
end $$;

call guard_functions('claim_next_document');
grant execute on function claim_next_document to frontdesk_keeper;

-- A row of a document may be one that the user had entered by hand: it is theirs, and stays when the import is undone.
alter table finance_transaction_sources add column entered boolean not null default false;
alter table finance_documents add column rows_entered integer not null default 0;
