-- An administrator sees everyone's numbers and nobody's name: looking at them has a role of its own, which can read
-- no user's id, and of each turn only what is counted.
do $$
begin
    begin
        create role frontdesk_analyst nologin;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant frontdesk_analyst to %I', current_user);
    end if;
end $$;
grant usage on schema public to frontdesk_analyst;
grant select (id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_tokens_est, completion_tokens_est,
              prompt_tokens, completion_tokens, success, error_code, created_at)
    on xai_chat_metrics to frontdesk_analyst;
grant select (turn_id, chosen_employee, wanted_employee, created_at) on chat_misroutes to frontdesk_analyst;
create policy analyst_sees on xai_chat_metrics for select to frontdesk_analyst using (true);
create policy analyst_sees on chat_misroutes for select to frontdesk_analyst using (true);

-- A message that was turned away took no time and no tokens: counted among the others it would make slow answers look
-- quick. It still counts as a request, and as one without success.
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
           count(*),
           round(100.0 * count(*) filter (where m.success) / count(*), 2),
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
    order by count(*) desc, m.employee_slug
$$;
