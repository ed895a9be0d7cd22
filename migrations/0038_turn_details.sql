-- What the dashboard shows of one turn beside its numbers: the time of each step, how often a model was asked, and the
-- trace to look up. Null in older rows, and where servers of the release before record a turn.
alter table xai_chat_metrics
    add column timing json,  -- in the order of the steps
    add column attempts integer,
    add column trace_id text;
grant select (timing, attempts, trace_id) on xai_chat_metrics to frontdesk_analyst;

-- As before, with these columns and those of 0036.
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
            success, error_code, timing, attempts, trace_id, hour)
            select p_turn_id, p_user_id, g.employee, g.model, g.outcome, g.latency_ms, g.ttft_ms, g.prompt_chars,
                   g.completion_chars, g.prompt_tokens_est, g.completion_tokens_est, g.prompt_tokens,
                   g.completion_tokens, g.cached_tokens, g.prompt_version, g.success, g.error_code, g.timing,
                   g.attempts, g.trace_id, case when p_rejected then date_trunc('hour', now(), 'UTC') end
            from json_to_record(p_metrics) as g(
                employee text, model text, outcome text, latency_ms integer, ttft_ms integer, prompt_chars integer,
                completion_chars integer, prompt_tokens_est integer, completion_tokens_est integer,
                prompt_tokens integer, completion_tokens integer, cached_tokens integer, prompt_version text,
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

-- Administrators look at turns of other users, too, and each look is an entry. Widened, so every row satisfies it.
alter table chat_admin_audit drop constraint action_is_known;
alter table chat_admin_audit add constraint action_is_known check (
    action in ('metrics_summary', 'prometheus', 'audit', 'turns', 'turn', 'turn_content', 'costs')
) not valid;

-- The key of the opaque ids under which administrators see who used how much. It never leaves the database.
create table frontdesk_keys (
    name text primary key,
    key bytea not null
);
insert into frontdesk_keys
    values ('users', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
alter table frontdesk_keys enable row level security;
-- On Supabase every new table is granted to the platform's roles.
do $$
declare
    grantee text;
begin
    for grantee in
        select distinct coalesce(quote_ident(r.rolname), 'public')
        from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.oid = 'frontdesk_keys'::regclass and a.grantee <> c.relowner
    loop
        execute format('revoke all on frontdesk_keys from %s', grantee);
    end loop;
end $$;

-- The role that logs what administrators look at is the one that knows whose a turn is. Its functions hand out neither.
grant select on frontdesk_keys to frontdesk_auditor;
create policy administrators_use on frontdesk_keys for select to frontdesk_auditor
    using (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' = 'admin');
grant select (id, user_id, employee_slug, model, outcome, prompt_tokens, completion_tokens, prompt_tokens_est,
              completion_tokens_est, cached_tokens, created_at)
    on xai_chat_metrics to frontdesk_auditor;
create policy administrators_see on xai_chat_metrics for select to frontdesk_auditor
    using (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' = 'admin');

-- Tokens of the users who used most, by day and model. Who they are is a keyed hash, which nothing turns back.
create function tokens_by_user(
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
            select m.user_id, (m.created_at at time zone 'UTC')::date as on_day, m.model as by_model,
                   count(*) as turns,
                   count(*) filter (where m.prompt_tokens is null) as estimated,
                   sum(coalesce(m.prompt_tokens, m.prompt_tokens_est)) as prompt_tokens,
                   coalesce(sum(m.cached_tokens), 0)::bigint as cached_tokens,
                   sum(coalesce(m.completion_tokens, m.completion_tokens_est)) as completion_tokens
            from xai_chat_metrics m
            where m.created_at >= p_since and m.created_at < p_until and m.outcome in ('done', 'stopped')
            and m.user_id is not null
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

-- What was said in a turn, for an administrator. The entry is added first, in the same transaction: no look without it.
create function read_turn_content(p_admin_id uuid, p_turn_id uuid)
returns table (message text, answer text, reason text) language plpgsql as $$
declare
    owner_id uuid;
begin
    perform act_as('frontdesk_auditor');
    perform add_to_admin_audit(p_admin_id, 'turn_content', p_turn_id::text, 0);
    select m.user_id into owner_id from xai_chat_metrics m where m.id = p_turn_id;
    perform set_config('role', 'none', true);
    perform act_for(owner_id);
    return query
        select q.content, a.content, t.route ->> 'reason'
        from chat_turns t
        join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'
        left join chat_messages a on a.user_id = t.user_id and a.turn_id = t.turn_id and a.role = 'assistant'
        where t.user_id = owner_id and t.turn_id = p_turn_id;
end $$;

call guard_functions('tokens_by_user', 'read_turn_content');
grant execute on function tokens_by_user, read_turn_content to frontdesk_auditor;
