-- One row for every turn, whatever became of it, under the employee that really answered.

create table xai_chat_metrics (
    id uuid primary key,  -- the turn's id: a turn that is run again is still counted once
    user_id uuid,  -- null once the account is erased: the numbers stay, the person does not
    convo_id text,
    employee_slug text not null,
    model text not null,
    outcome text not null check (outcome in ('done', 'stopped', 'limited', 'refused', 'failed', 'fallback')),
    latency_ms integer not null check (latency_ms >= 0),
    ttft_ms integer check (ttft_ms >= 0),
    prompt_chars integer not null,
    completion_chars integer not null,
    prompt_tokens_est integer not null,
    completion_tokens_est integer not null,
    prompt_tokens integer,  -- as the model counted them, where it said
    completion_tokens integer,
    success boolean not null,
    error_code text,
    created_at timestamptz not null default now()
);
create index idx_metrics_created on xai_chat_metrics (created_at desc);
create index idx_metrics_employee on xai_chat_metrics (employee_slug, created_at desc);
create index xai_chat_metrics_of_user on xai_chat_metrics (user_id, created_at desc);
alter table xai_chat_metrics enable row level security;
alter table xai_chat_metrics force row level security;
create policy owner_only on xai_chat_metrics for all to frontdesk_app
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
grant select, insert, update, delete on xai_chat_metrics to frontdesk_app;

-- Per employee over the last hours, of the rows the caller may see.
create function metrics_summary(p_hours integer default 24)
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
           count(*),
           round(100.0 * count(*) filter (where m.success) / count(*), 2),
           round(avg(m.latency_ms)),
           round(percentile_cont(0.50) within group (order by m.latency_ms)::numeric),
           round(percentile_cont(0.95) within group (order by m.latency_ms)::numeric),
           round(percentile_cont(0.50) within group (order by m.ttft_ms)::numeric),
           coalesce(sum(m.prompt_tokens_est + m.completion_tokens_est), 0)::bigint
    from xai_chat_metrics m
    where m.created_at > now() - make_interval(hours => p_hours)
    group by m.employee_slug
    order by count(*) desc, m.employee_slug
$$;
grant execute on function metrics_summary to frontdesk_app;
