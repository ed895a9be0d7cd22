-- Tokens of a turn's summary and facts, which cost money, too. Null in older rows, where servers of the release before
-- record a turn, and where no model was asked.
alter table xai_chat_metrics
    add column background_model text,
    add column background_prompt_tokens integer,
    add column background_cached_tokens integer,
    add column background_completion_tokens integer;
grant select (background_model, background_prompt_tokens, background_cached_tokens, background_completion_tokens)
    on xai_chat_metrics to frontdesk_analyst, frontdesk_auditor;

-- As before, with these columns.
create or replace function record_turn(
    p_user_id uuid, p_turn_id uuid, p_metrics json, p_findings json, p_rejected boolean, p_refusals_kept integer,
    p_finish boolean
) returns boolean language plpgsql as $$
declare
    is_new boolean;
begin
    perform act_for(p_user_id);
    perform set_config('synchronous_commit', 'off', true);  -- a turn whose end is lost in a crash is recovered
    if p_rejected then  -- this may be the first thing stored about the user
        insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
    end if;
    if json_array_length(p_findings) > 0 then
        perform record_findings(p_user_id, p_turn_id, p_findings, p_refusals_kept);
    end if;
    begin
        insert into xai_chat_metrics as m (
            id, user_id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars, completion_chars,
            prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, cached_tokens,
            background_model, background_prompt_tokens, background_cached_tokens, background_completion_tokens,
            prompt_version, success, error_code, timing, attempts, trace_id, hour)
            select p_turn_id, p_user_id, g.employee, g.model, g.outcome, g.latency_ms, g.ttft_ms, g.prompt_chars,
                   g.completion_chars, g.prompt_tokens_est, g.completion_tokens_est, g.prompt_tokens,
                   g.completion_tokens, g.cached_tokens, g.background_model, g.background_prompt_tokens,
                   g.background_cached_tokens, g.background_completion_tokens, g.prompt_version,
                   g.success, g.error_code, g.timing, g.attempts, g.trace_id, case when p_rejected then date_trunc('hour', now(), 'UTC') end
            from json_to_record(p_metrics) as g(
                employee text, model text, outcome text, latency_ms integer, ttft_ms integer, prompt_chars integer,
                completion_chars integer, prompt_tokens_est integer, completion_tokens_est integer,
                prompt_tokens integer, completion_tokens integer, cached_tokens integer,
                background_model text, background_prompt_tokens integer, background_cached_tokens integer,
                background_completion_tokens integer, prompt_version text,
                success boolean, error_code text, timing json, attempts integer, trace_id text)
            where not exists (select from xai_chat_metrics known where known.id = p_turn_id)
            on conflict (user_id, employee_slug, error_code, hour) where hour is not null
            do update set times = m.times + 1, id = excluded.id;
        is_new := found;
    exception when unique_violation then  -- another process records the same turn just now
        is_new := false;
    end;
    if p_finish then
        update chat_turns t
            set status = case t.finish_reason when 'stopped' then 'stopped' else 'done' end, updated_at = now()
            where t.user_id = p_user_id and t.turn_id = p_turn_id and t.status = 'answered';
    end if;
    return is_new;
end $$;

-- As before, with the tokens of summaries and facts; `turns` counts answers alone.
create or replace function tokens_by_user(
    p_admin_id uuid, p_since timestamptz, p_until timestamptz, p_employee text, p_model text, p_outcome text,
    p_count integer
) returns table (
    user_key text, day date, model text, turns bigint, estimated bigint, prompt_tokens bigint, cached_tokens bigint,
    completion_tokens bigint
) language plpgsql as $$
begin
    perform act_as('frontdesk_auditor');
    perform set_config('request.jwt.claims', json_build_object('sub', p_admin_id, 'role', 'admin')::text, true);
    return query
        with used as materialized (
            select m.user_id, (m.created_at at time zone 'UTC')::date as on_day, u.model as by_model,
                   count(u.counted) as turns, count(*) filter (where not u.counted) as estimated,
                   sum(u.prompt_tokens)::bigint as prompt_tokens,
                   coalesce(sum(u.cached_tokens), 0)::bigint as cached_tokens,
                   sum(u.completion_tokens)::bigint as completion_tokens
            from xai_chat_metrics m
            cross join lateral (
                select m.model, m.prompt_tokens is not null as counted,
                       coalesce(m.prompt_tokens, m.prompt_tokens_est) as prompt_tokens, m.cached_tokens,
                       coalesce(m.completion_tokens, m.completion_tokens_est) as completion_tokens
                where m.outcome in ('done', 'stopped')
                union all
                select m.background_model, null, m.background_prompt_tokens, m.background_cached_tokens,
                       m.background_completion_tokens
                where m.background_model is not null
            ) u
            where m.created_at >= p_since and m.created_at < p_until and m.user_id is not null
            and (p_employee is null or m.employee_slug = p_employee) and (p_model is null or m.model = p_model)
            and (p_outcome is null or m.outcome = p_outcome)
            group by 1, 2, 3
        ), top as (
            select u.user_id from used u group by u.user_id
            order by sum(u.prompt_tokens + u.completion_tokens) desc, u.user_id limit p_count
        )
        select left(encode(sha256(k.key || uuid_send(u.user_id)), 'hex'), 16), u.on_day, u.by_model, u.turns,
               u.estimated, u.prompt_tokens, u.cached_tokens, u.completion_tokens
        from used u join top using (user_id) cross join frontdesk_keys k where k.name = 'users'
        order by 1, 2, 3;
end $$;
