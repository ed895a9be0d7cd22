-- Which text the employee of a turn was given, so that the figures of two versions of a prompt can be compared, and how
-- much of the prompt the provider read from its cache. Null in older rows, and where servers of the release before,
-- which tell neither, record a turn.
alter table xai_chat_metrics
    add column prompt_version text,
    add column cached_tokens integer;
grant select (prompt_version, cached_tokens) on xai_chat_metrics to frontdesk_analyst;

-- As before, with these two columns.
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
            prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, cached_tokens, prompt_version,
            success, error_code, hour)
            select p_turn_id, p_user_id, g.employee, g.model, g.outcome, g.latency_ms, g.ttft_ms, g.prompt_chars,
                   g.completion_chars, g.prompt_tokens_est, g.completion_tokens_est, g.prompt_tokens,
                   g.completion_tokens, g.cached_tokens, g.prompt_version, g.success, g.error_code,
                   case when p_rejected then date_trunc('hour', now(), 'UTC') end
            from json_to_record(p_metrics) as g(
                employee text, model text, outcome text, latency_ms integer, ttft_ms integer, prompt_chars integer,
                completion_chars integer, prompt_tokens_est integer, completion_tokens_est integer,
                prompt_tokens integer, completion_tokens integer, cached_tokens integer, prompt_version text,
                success boolean, error_code text)
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
