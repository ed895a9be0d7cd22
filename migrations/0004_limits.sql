-- The rate limit: exact, sliding, and decided in one call.

create table chat_rate_limits (
    user_id uuid not null,
    window_start text not null,  -- the minute, 'YYYY-MM-DD HH24:MI' in UTC
    count integer not null default 1,
    admitted_at timestamptz[] not null,  -- one per request counted: a window that slides needs their times
    created_at timestamptz not null default now(),
    primary key (user_id, window_start)
);
alter table chat_rate_limits enable row level security;
alter table chat_rate_limits force row level security;
create policy owner_only on chat_rate_limits for all to frontdesk_app
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
grant select, insert, update, delete on chat_rate_limits to frontdesk_app;

create function current_minute() returns text language sql stable as
    $$ select to_char(date_trunc('minute', now() at time zone 'utc'), 'YYYY-MM-DD HH24:MI') $$;

-- Count one request in a window, the first one too, and say how many there are now.
create function increment_rate_limit(p_user_id uuid, p_window_start text) returns table (count integer)
language sql as $$
    insert into chat_rate_limits as r (user_id, window_start, admitted_at)
    values (p_user_id, p_window_start, array[clock_timestamp()])
    on conflict (user_id, window_start)
    do update set count = r.count + 1, admitted_at = r.admitted_at || clock_timestamp()
    returning r.count
$$;

-- Admit one request if fewer than p_limit were admitted in the p_seconds before it. A refused request
-- is not counted, so that asking again cannot push the next chance away.
--   remaining    requests left after this one
--   reset_after  seconds until one more becomes free
--   retry_after  seconds until a refused request would pass; null when this one did
create function take_rate_limit(p_user_id uuid, p_limit integer, p_seconds integer)
returns table (remaining integer, reset_after double precision, retry_after double precision)
language plpgsql as $$
declare
    window_length interval := make_interval(secs => p_seconds);
    admitted timestamptz[];
    used integer;
    asked_at timestamptz;
    next_free timestamptz;
begin
    -- Two requests of one user at once are decided one after the other; time is read only then.
    perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 8));
    asked_at := clock_timestamp();
    delete from chat_rate_limits l where l.user_id = p_user_id and l.created_at < asked_at - 3 * window_length - interval '1 minute';
    select coalesce(array_agg(t order by t), '{}') into admitted
        from chat_rate_limits l, unnest(l.admitted_at) t
        where l.user_id = p_user_id and t > asked_at - window_length;
    used := cardinality(admitted);
    if used >= p_limit then
        next_free := admitted[used - p_limit + 1] + window_length;
        return query select 0, extract(epoch from next_free - asked_at)::double precision,
                               extract(epoch from next_free - asked_at)::double precision;
        return;
    end if;
    perform increment_rate_limit(p_user_id, current_minute());
    next_free := coalesce(admitted[1], asked_at) + window_length;
    return query select p_limit - used - 1, extract(epoch from next_free - asked_at)::double precision,
                        null::double precision;
end $$;
grant execute on function current_minute, increment_rate_limit, take_rate_limit to frontdesk_app;
