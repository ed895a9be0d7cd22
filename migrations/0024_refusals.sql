-- Whoever goes on sending what is turned away must not make the database grow a row at a time. Such messages are
-- counted together: a row for each user, employee, error code and hour says how many there were, and has the id of
-- the last of them, by which a turn that is recorded twice in a row is known again. Its other numbers are those of the
-- first; nobody adds them up. Rows that stand alone, as earlier releases wrote them, have no hour.
alter table xai_chat_metrics
    add column times integer not null default 1,
    add column hour timestamptz,
    add constraint only_refusals_are_counted_together
        check (times > 0 and (times = 1 or outcome in ('limited', 'refused'))),
    add constraint hour_is_of_refusals check (hour is null or outcome in ('limited', 'refused'));
-- Rows of erased accounts have no user, and so never meet.
create unique index xai_chat_metrics_refusals on xai_chat_metrics (user_id, employee_slug, error_code, hour)
    where hour is not null;
grant update (id, times) on xai_chat_metrics to frontdesk_app;
grant select (times) on xai_chat_metrics to frontdesk_analyst;

create or replace function metrics_summary(p_hours integer default 24)
returns table (
    employee_slug text,
    total_requests bigint,
    success_rate numeric,
    avg_latency_ms numeric,
    p50_latency_ms numeric,
    p95_latency_ms numeric,
    p50_ttft_ms numeric,
    total_tokens_est bigint
) language sql stable as $$
    select m.employee_slug,
           sum(m.times),
           round(100.0 * coalesce(sum(m.times) filter (where m.success), 0) / sum(m.times), 2),
           round(avg(r.latency_ms)),
           round(percentile_cont(0.50) within group (order by r.latency_ms)::numeric),
           round(percentile_cont(0.95) within group (order by r.latency_ms)::numeric),
           round(percentile_cont(0.50) within group (order by r.ttft_ms)::numeric),
           coalesce(sum(r.prompt_tokens_est + r.completion_tokens_est), 0)::bigint
    from xai_chat_metrics m
    left join lateral (select m.latency_ms, m.ttft_ms, m.prompt_tokens_est, m.completion_tokens_est
                       where m.outcome not in ('limited', 'refused')) r on true
    where m.created_at > now() - make_interval(hours => p_hours)
    group by m.employee_slug
    order by sum(m.times) desc, m.employee_slug
$$;

-- Of what the guard refused, a user's latest are kept, and the program takes older ones away.
create index chat_guard_events_refused on chat_guard_events (user_id, created_at desc) where action = 'refused';
grant delete on chat_guard_events to frontdesk_app;
