-- One table and one function for every limit: each kind of request is counted in a bucket of its own. Which buckets
-- there are, and how much each takes, is the program's to know (storage/limits.py).
alter table chat_rate_limits add column bucket text not null default 'chat';
alter table chat_rate_limits drop constraint chat_rate_limits_pkey;
alter table chat_rate_limits add primary key (user_id, bucket, window_start);

-- With the bucket last and 'chat' as its default, a process of the release before still calls them.
drop function take_rate_limit(uuid, integer, integer);
drop function increment_rate_limit(uuid, text);

-- Count one request in a window, the first one too, and say how many there are now.
create function increment_rate_limit(p_user_id uuid, p_window_start text, p_bucket text default 'chat')
returns table (count integer)
language sql as $$
    insert into chat_rate_limits as r (user_id, bucket, window_start, admitted_at)
    values (p_user_id, p_bucket, p_window_start, array[clock_timestamp()])
    on conflict (user_id, bucket, window_start)
    do update set count = r.count + 1, admitted_at = r.admitted_at || clock_timestamp()
    returning r.count
$$;

-- Admit one request if fewer than p_limit of its bucket were admitted in the p_seconds before it. A refused request
-- is not counted, so that asking again cannot push the next chance away.
--   remaining    requests left after this one
--   reset_after  seconds until one more becomes free
--   retry_after  seconds until a refused request would pass; null when this one did
create function take_rate_limit(p_user_id uuid, p_limit integer, p_seconds integer, p_bucket text default 'chat')
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
    perform pg_advisory_xact_lock(hashtextextended(p_user_id::text || p_bucket, 8));
    asked_at := clock_timestamp();
    delete from chat_rate_limits l where l.user_id = p_user_id and l.bucket = p_bucket
        and l.created_at < asked_at - 3 * window_length - interval '1 minute';
    -- A time that is still to come was written before the clock was set back. It counts for nothing, or it would
    -- lock its user out until then.
    select coalesce(array_agg(t order by t), '{}') into admitted
        from chat_rate_limits l, unnest(l.admitted_at) t
        where l.user_id = p_user_id and l.bucket = p_bucket and t > asked_at - window_length and t <= asked_at;
    used := cardinality(admitted);
    if used >= p_limit then
        next_free := admitted[used - p_limit + 1] + window_length;
        return query select 0, extract(epoch from next_free - asked_at)::double precision,
                               extract(epoch from next_free - asked_at)::double precision;
        return;
    end if;
    insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
    perform increment_rate_limit(p_user_id, current_minute(), p_bucket);
    next_free := coalesce(admitted[1], asked_at) + window_length;
    return query select p_limit - used - 1, extract(epoch from next_free - asked_at)::double precision,
                        null::double precision;
end $$;

-- A new function is everyone's to call, and on Supabase by name its platform's roles' as well.
do $$
declare
    function regprocedure;
    grantee text;
begin
    for function, grantee in
        select p.oid::regprocedure, g.name
        from pg_proc p,
             (select 'public' as name union all
              select quote_ident(rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')) g
        where p.pronamespace = 'public'::regnamespace and p.proname in ('increment_rate_limit', 'take_rate_limit')
    loop
        execute format('revoke all on routine %s from %s', function, grantee);
    end loop;
end $$;
grant execute on function increment_rate_limit, take_rate_limit to frontdesk_app;

