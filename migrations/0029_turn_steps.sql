-- Each step of a turn is one statement, and a transaction of its own: a function that acts for one user, or as the role
-- of the event log or of the leases. The program's login calls it with all its rights, and it gives them up first. Within
-- a transaction that acts for a user already it acts for that user, or not at all.

-- From here to the end of the transaction everything is done as the program's role, for this user.
create function act_for(p_user_id uuid) returns void language plpgsql as $$
begin
    if current_setting('role') <> 'none' and (select auth.uid()) is distinct from p_user_id then
        raise exception 'this transaction acts for somebody else' using errcode = 'insufficient_privilege';
    end if;
    perform set_config('role', 'frontdesk_app', true),
            set_config('request.jwt.claims',
                       json_build_object('sub', p_user_id, 'role', 'authenticated')::text, true);
end $$;

-- The same as a role that acts for no user.
create function act_as(p_role text) returns void language plpgsql as $$
begin
    if current_setting('role') not in ('none', p_role) then
        raise exception 'this transaction acts for a user' using errcode = 'insufficient_privilege';
    end if;
    perform set_config('role', p_role, true);
end $$;

-- Whether another message of the conversation is being answered. One that is on no lease (of LangGraph's own server)
-- counts for p_elsewhere seconds.
create function is_being_answered(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_elsewhere double precision)
returns boolean language sql stable as $$
    select exists (
        select from chat_turns t
        where t.user_id = p_user_id and t.convo_id = p_convo_id and t.status = 'streaming' and t.turn_id <> p_turn_id
        and (t.lease_until is not null or t.created_at > now() - make_interval(secs => p_elsewhere)))
$$;

-- Whether a message may be answered now: none is being answered, and none of a living process came before it.
create function is_first_in_conversation(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_arrived bigint,
    p_lease double precision, p_quiet double precision, p_settling double precision, p_elsewhere double precision
) returns boolean language sql stable as $$
    select not is_being_answered(p_user_id, p_convo_id, p_turn_id, p_elsewhere)
    and not exists (
        select from chat_queue q
        where q.user_id = p_user_id and q.convo_id = p_convo_id and q.arrived < p_arrived
        and not lease_lapsed(q.lease_until, q.owner, p_lease, p_quiet, p_settling))
$$;

-- Take a place in the conversation. Says `first`, `waiting`, or why there is none: `conversation_full`, `user_full`, or
-- `lost` where the turn's key was claimed anew for another turn.
create function take_place(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_owner uuid, p_has_key boolean,
    p_most_in_conversation integer, p_most_of_user integer,
    p_lease double precision, p_quiet double precision, p_settling double precision, p_elsewhere double precision
) returns text language plpgsql as $$
declare
    place bigint;
    in_conversation integer;
    of_user integer;
begin
    -- A user's messages that arrive at once get their places, and are counted, one after the other.
    perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 9));
    if p_has_key then  -- it stays claimed until the end of the transaction
        perform from chat_idempotency k
            where k.user_id = p_user_id and k.turn_id = p_turn_id and k.owner = p_owner for share;
        if not found then
            return 'lost';
        end if;
    end if;
    insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
    insert into chat_queue as q (user_id, turn_id, convo_id, owner, lease_until)
        values (p_user_id, p_turn_id, p_convo_id, p_owner, now() + make_interval(secs => p_lease))
        on conflict (user_id, turn_id) do update set lease_until = excluded.lease_until
        returning q.arrived into place;
    if is_first_in_conversation(
        p_user_id, p_convo_id, p_turn_id, place, p_lease, p_quiet, p_settling, p_elsewhere
    ) then
        return 'first';
    end if;
    select count(*) filter (where q.convo_id = p_convo_id), count(*) into in_conversation, of_user
        from chat_queue q
        where q.user_id = p_user_id and q.turn_id <> p_turn_id and q.waiting
        and not lease_lapsed(q.lease_until, q.owner, p_lease, p_quiet, p_settling);
    if in_conversation < p_most_in_conversation and of_user < p_most_of_user then
        update chat_queue q set waiting = true where q.user_id = p_user_id and q.turn_id = p_turn_id;
        return 'waiting';
    end if;
    delete from chat_queue q where q.user_id = p_user_id and q.turn_id = p_turn_id;
    perform wake_next(p_user_id, p_convo_id);
    return case when in_conversation >= p_most_in_conversation then 'conversation_full' else 'user_full' end;
end $$;

-- Count a message (unless p_limit is null), and if it passes and is to be answered, take its place in its conversation.
--   remaining, reset_after, retry_after   as take_rate_limit says; null where nothing was counted
--   place                                 as take_place says; null where none was asked for
--   employee                              who answered last in the conversation
create function admit_message(
    p_user_id uuid, p_convo_id text, p_turn_id uuid, p_owner uuid, p_has_key boolean,
    p_limit integer, p_window integer, p_take_place boolean,
    p_most_in_conversation integer, p_most_of_user integer,
    p_lease double precision, p_quiet double precision, p_settling double precision, p_elsewhere double precision
) returns table (
    remaining integer, reset_after double precision, retry_after double precision, place text, employee text
) language plpgsql as $$
begin
    perform act_for(p_user_id);
    -- A count or a place lost in a crash costs little; waiting for the disk on every message would cost more.
    perform set_config('synchronous_commit', 'off', true);
    if p_limit is not null then
        select l.* into remaining, reset_after, retry_after
            from take_rate_limit(p_user_id, p_limit, p_window, 'chat') l;
    end if;
    if p_take_place and retry_after is null then
        place := take_place(
            p_user_id, p_convo_id, p_turn_id, p_owner, p_has_key, p_most_in_conversation, p_most_of_user,
            p_lease, p_quiet, p_settling, p_elsewhere);
        select c.employee_slug into employee
            from chat_conversations c where c.user_id = p_user_id and c.convo_id = p_convo_id;
    end if;
    return next;
end $$;

-- Store the turn with its message, so that it is not lost whatever happens now. Its key stands for it from then on, and
-- its place is given up. Error FD001: the key or the place was given to another turn, or a message that came later is
-- being answered. Time alone takes nothing away: a process that slept past a lease that no other took goes on.
create function accept_turn(
    p_user_id uuid, p_turn_id uuid, p_convo_id text, p_title text, p_message text, p_asked_employee text,
    p_employee text, p_route json, p_owner uuid, p_lease double precision, p_elsewhere double precision
) returns void language plpgsql as $$
begin
    perform act_for(p_user_id);
    if p_owner is null then  -- else the place has met the user
        insert into chat_users (user_id) values (p_user_id) on conflict do nothing;
    end if;
    -- This row is locked from here on, so no other message of the conversation is accepted meanwhile.
    insert into chat_conversations (user_id, convo_id, title) values (p_user_id, p_convo_id, p_title)
        on conflict (user_id, convo_id) do update set updated_at = now();
    if p_owner is not null then
        -- A request that claims the key anew changes the same row, so one of the two comes too late.
        update chat_idempotency k set lease_until = null
            where k.user_id = p_user_id and k.turn_id = p_turn_id and k.owner = p_owner;
    end if;
    delete from chat_queue q
        where q.user_id = p_user_id and q.turn_id = p_turn_id
        and (p_owner is null
             or q.owner = p_owner and not is_being_answered(p_user_id, p_convo_id, p_turn_id, p_elsewhere));
    if p_owner is not null and not found and not exists (  -- this may run twice
        select from chat_turns t where t.user_id = p_user_id and t.turn_id = p_turn_id and t.owner = p_owner
    ) then
        raise exception 'the place of turn % was given away', p_turn_id using errcode = 'FD001';
    end if;
    insert into chat_turns (user_id, turn_id, convo_id, asked_employee, employee_slug, route, owner, lease_until)
        values (p_user_id, p_turn_id, p_convo_id, p_asked_employee, p_employee, p_route, p_owner,
                case when p_owner is not null then now() + make_interval(secs => p_lease) end)
        on conflict (user_id, turn_id) do nothing;
    insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content)
        values (p_turn_id, p_user_id, p_convo_id, p_turn_id, p_employee, 'user', p_message)
        on conflict (user_id, turn_id, role) do nothing;
end $$;

-- What a new turn reads of its conversation: the summary, every message that it does not cover, and the p_recent latest
-- ones even if it does, in order. Messages of the turn itself are left out.
create function conversation_history(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_recent integer)
returns table (summary text, covers bigint, messages json) language plpgsql as $$
begin
    perform act_for(p_user_id);
    select s.summary, s.covers_seq into summary, covers
        from chat_convo_summaries s where s.user_id = p_user_id and s.convo_id = p_convo_id;
    covers := coalesce(covers, 0);
    select json_agg(json_build_object('id', m.id, 'seq', m.seq, 'role', m.role, 'employee', m.employee_key,
                                      'content', m.content) order by m.seq)
        into messages
        from chat_messages m
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id
        and m.content <> ''  -- an answer that was stopped before its first token
        and m.seq > least(covers, (
            select coalesce(min(latest.seq), 0) - 1
            from (select l.seq from chat_messages l
                  where l.user_id = p_user_id and l.convo_id = p_convo_id and l.turn_id <> p_turn_id
                  order by l.seq desc limit p_recent) latest));
    return next;
end $$;

-- The facts nearest to a vector of the model, as match_memory finds them.
create function recall_facts(p_user_id uuid, p_vector halfvec, p_model text, p_count integer)
returns table (fact_id uuid, fact text, learned text, similarity double precision) language plpgsql as $$
begin
    perform act_for(p_user_id);
    return query
        select m.fact_id, m.text, m.created_at::date::text, m.similarity
        from match_memory(p_user_id, p_vector, p_count, p_model) m;
end $$;

-- Commit the answer of an accepted turn. False: the conversation was deleted meanwhile, another process has taken the
-- turn over, or it has failed.
create function answer_turn(
    p_user_id uuid, p_turn_id uuid, p_convo_id text, p_message_id uuid, p_employee text, p_answer text,
    p_finish_reason text, p_error_code text, p_report json, p_facts_used uuid[], p_owner uuid
) returns boolean language plpgsql as $$
begin
    perform act_for(p_user_id);
    update chat_turns t
        set status = 'answered', employee_slug = p_employee, finish_reason = p_finish_reason,
            error_code = p_error_code, report = p_report, updated_at = now()
        where t.user_id = p_user_id and t.turn_id = p_turn_id and t.owner is not distinct from p_owner
        and t.status <> 'failed';
    if not found then
        return false;
    end if;
    insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content)
        values (p_message_id, p_user_id, p_convo_id, p_turn_id, p_employee, 'assistant', p_answer)
        on conflict (user_id, turn_id, role) do nothing;
    update chat_conversations c set employee_slug = p_employee, updated_at = now()
        where c.user_id = p_user_id and c.convo_id = p_convo_id;
    if cardinality(p_facts_used) > 0 then
        -- Of those that still exist: one may have been forgotten while the answer was written.
        insert into chat_turn_facts (user_id, turn_id, fact_id)
            select p_user_id, p_turn_id, f.id from user_memory_facts f
            where f.user_id = p_user_id and f.id = any(p_facts_used)
            on conflict do nothing;
    end if;
    return true;
end $$;

-- Store the summary made at the end of a turn from the messages up to p_seen, and mark the turn as summarised. Its
-- watermark is the turn's last message, or the message before the first one that another turn wrote meanwhile and that
-- is therefore not in it. Says whether it was stored: not where the stored one covers as much.
create function save_summary(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_summary text, p_seen bigint)
returns boolean language plpgsql as $$
declare
    saved boolean;
begin
    perform act_for(p_user_id);
    perform set_config('synchronous_commit', 'off', true);  -- the messages are there: the next turn summarises them
    with mine as (
        select max(m.seq) as last from chat_messages m where m.user_id = p_user_id and m.turn_id = p_turn_id
    ), unread as (
        select min(m.seq) as first from chat_messages m, mine
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id
        and m.seq > p_seen and m.seq < mine.last
    )
    insert into chat_convo_summaries as s (user_id, convo_id, summary, covers_seq)
        select p_user_id, p_convo_id, p_summary, coalesce(unread.first - 1, mine.last)
        from mine, unread where mine.last is not null
        on conflict (user_id, convo_id) do update
        set summary = excluded.summary, covers_seq = excluded.covers_seq, updated_at = now()
        where s.covers_seq < excluded.covers_seq;
    saved := found;
    -- After the conversation's row, which the summary refers to: a deletion locks them in this order, too.
    update chat_turns t set summarised_at = now() where t.user_id = p_user_id and t.turn_id = p_turn_id;
    return saved;
end $$;

-- Store the facts learned from a message with their vectors, mark those they replace as superseded, and the turn as done
-- with facts, also where there are none. A known fact gets one more source; a superseded one holds again. Returns the
-- facts that are new, or that hold again.
--   p_facts   [{"fact", "hash", "confidence", "vector", "replaces"}]
create function learn_facts(p_user_id uuid, p_turn_id uuid, p_model text, p_facts jsonb)
returns table (fact_id uuid, fact text) language plpgsql as $$
#variable_conflict use_column
declare
    given record;
    learned uuid;
    known boolean;
begin
    perform act_for(p_user_id);
    -- Before the message's row, which facts refer to: a deletion of a turn locks them in this order, too.
    update chat_turns t set facts_at = now() where t.user_id = p_user_id and t.turn_id = p_turn_id;
    for given in
        select g.* from jsonb_to_recordset(p_facts)
            as g(fact text, hash text, confidence real, vector text, replaces uuid[])
    loop
        known := exists (
            select from user_memory_facts f
            where f.user_id = p_user_id and f.fact_hash = given.hash and f.superseded_at is null);
        insert into user_memory_facts as f (user_id, fact, fact_hash, confidence, source_message_id)
            values (p_user_id, given.fact, given.hash, given.confidence, p_turn_id)
            on conflict (user_id, fact_hash) do update
            set superseded_by = null, superseded_at = null, confidence = greatest(f.confidence, excluded.confidence)
            returning f.id into learned;
        perform store_embedding(p_user_id, learned, given.vector, p_model);
        insert into user_fact_sources (user_id, fact_id, message_id) values (p_user_id, learned, p_turn_id)
            on conflict do nothing;
        update user_memory_facts f set superseded_by = learned, superseded_at = now()
            where f.user_id = p_user_id and f.id = any(given.replaces) and f.id <> learned and f.superseded_at is null;
        if not known then
            fact_id := learned;
            fact := given.fact;
            return next;
        end if;
    end loop;
end $$;

-- Store the vector of a fact ("[0.1, …]"), unless it has one of this model.
create function store_embedding(p_user_id uuid, p_fact_id uuid, p_vector text, p_model text) returns void
language plpgsql as $$
begin
    insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model, holds)
        select f.user_id, f.id, f.source_message_id, f.fact, p_vector::halfvec, p_model, f.superseded_at is null
        from user_memory_facts f where f.user_id = p_user_id and f.id = p_fact_id
        on conflict (user_id, fact_id, model) do nothing;
end $$;

-- Record how a turn went: its row of metrics and the guard's findings, once each; and where p_finish, that all that
-- follows its answer is stored. A turn that was rejected is counted in the row of its user, employee, error code and
-- hour; that row has the id of the last turn, so that recording it again after a lost reply does not count it twice.
--   p_findings   [{"kind", "action", "rule", "text_hash"}]
-- Says whether its metrics were not recorded before.
create function record_turn(
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
            prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, success, error_code, hour)
            select p_turn_id, p_user_id, g.employee, g.model, g.outcome, g.latency_ms, g.ttft_ms, g.prompt_chars,
                   g.completion_chars, g.prompt_tokens_est, g.completion_tokens_est, g.prompt_tokens,
                   g.completion_tokens, g.success, g.error_code,
                   case when p_rejected then date_trunc('hour', now(), 'UTC') end
            from json_to_record(p_metrics) as g(
                employee text, model text, outcome text, latency_ms integer, ttft_ms integer, prompt_chars integer,
                completion_chars integer, prompt_tokens_est integer, completion_tokens_est integer,
                prompt_tokens integer, completion_tokens integer, success boolean, error_code text)
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

-- Store what the guard found in a turn, once. Of a user's refused messages the latest p_refusals_kept are kept.
create function record_findings(p_user_id uuid, p_turn_id uuid, p_findings json, p_refusals_kept integer) returns void
language plpgsql as $$
begin
    insert into chat_guard_events (user_id, turn_id, kind, action, rule, text_hash)
        select p_user_id, p_turn_id, g.kind, g.action, g.rule, g.text_hash
        from json_to_recordset(p_findings) as g(kind text, action text, rule text, text_hash text)
        on conflict do nothing;
    if exists (select from json_to_recordset(p_findings) as g(action text) where g.action = 'refused') then
        delete from chat_guard_events e using (
            select r.turn_id from chat_guard_events r
            where r.user_id = p_user_id and r.action = 'refused'
            order by r.created_at desc, r.turn_id offset p_refusals_kept) older
        where e.user_id = p_user_id and e.turn_id = older.turn_id;
    end if;
end $$;

-- From here to the end of the transaction everything is done as the role of LangGraph's tables, for this user's turn.
-- False where it is not stored: it was refused, or deleted meanwhile. Its row stays locked, so that a deletion finds
-- what is saved here, and takes it along.
create function act_for_thread(p_user_id uuid, p_turn_id uuid) returns boolean language plpgsql as $$
begin
    perform act_for(p_user_id);
    perform from chat_turns t where t.user_id = p_user_id and t.turn_id = p_turn_id for key share;
    if not found then
        return false;
    end if;
    perform set_config('role', 'frontdesk_graph', true), set_config('synchronous_commit', 'off', true);
    return true;
end $$;

-- Store the checkpoint of a turn's run, while the turn is stored.
create function save_checkpoint(
    p_user_id uuid, p_turn_id uuid, p_ns text, p_checkpoint_id text, p_parent_id text, p_checkpoint jsonb,
    p_metadata jsonb, p_channels text[], p_versions text[], p_types text[], p_blobs bytea[]
) returns void language plpgsql as $$
begin
    if not act_for_thread(p_user_id, p_turn_id) then
        return;
    end if;
    insert into langgraph.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
        select p_turn_id::text, p_ns, b.* from unnest(p_channels, p_versions, p_types, p_blobs) b
        on conflict do nothing;
    insert into langgraph.checkpoints as c (
        thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
        values (p_turn_id::text, p_ns, p_checkpoint_id, p_parent_id, p_checkpoint, p_metadata)
        on conflict (thread_id, checkpoint_ns, checkpoint_id) do update
        set checkpoint = excluded.checkpoint, metadata = excluded.metadata;
end $$;

-- Store what a task of the run wrote after a checkpoint, while the turn is stored.
create function save_writes(
    p_user_id uuid, p_turn_id uuid, p_ns text, p_checkpoint_id text, p_task_id text, p_task_path text,
    p_replace boolean, p_idx integer[], p_channels text[], p_types text[], p_blobs bytea[]
) returns void language plpgsql as $$
begin
    if not act_for_thread(p_user_id, p_turn_id) then
        return;
    end if;
    insert into langgraph.checkpoint_writes as w (
        thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
        select p_turn_id::text, p_ns, p_checkpoint_id, p_task_id, p_task_path, g.*
        from unnest(p_idx, p_channels, p_types, p_blobs) g
        on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) do update
        set channel = excluded.channel, type = excluded.type, blob = excluded.blob where p_replace;
end $$;

-- Add rows to the event log, for any users, and notify the readers of these turns; what is there already stays.
create function log_events(
    p_users uuid[], p_turns uuid[], p_first integer[], p_last integer[], p_events text[]
) returns void language plpgsql as $$
begin
    perform act_as('frontdesk_journal');
    -- Events lost in a crash of the server are written again when the turn is run again.
    perform set_config('synchronous_commit', 'off', true);
    insert into chat_turn_events (user_id, turn_id, first, last, events)
        select g.user_id, g.turn_id, g.first, g.last, g.events::json
        from unnest(p_users, p_turns, p_first, p_last, p_events) as g(user_id, turn_id, first, last, events)
        on conflict do nothing;
    perform pg_notify('frontdesk_turns', g.turn_id::text) from (select distinct unnest(p_turns) as turn_id) g;
end $$;

-- Renew the leases of a process; returns those of the turns that are still its own.
create function renew_turns(p_owner uuid, p_turns uuid[], p_lease double precision)
returns table (turn_id uuid, stop_asked boolean) language plpgsql as $$
#variable_conflict use_column
begin
    perform act_as('frontdesk_keeper');
    perform set_config('synchronous_commit', 'off', true);
    return query
        update chat_turns t set lease_until = now() + make_interval(secs => p_lease)
        where t.turn_id = any(p_turns) and t.owner = p_owner and t.status in ('streaming', 'answered')
        returning t.turn_id, t.stop_asked_at is not null;
end $$;

-- Take turns over whose process is gone, or gave no sign of life for as long as a lease; of several processes that look
-- at once each gets others.
create function adopt_turns(
    p_owner uuid, p_running uuid[], p_limit integer,
    p_lease double precision, p_quiet double precision, p_settling double precision
) returns table (
    user_id uuid, turn_id uuid, conversation_id text, status text, attempt integer, stop_asked boolean
) language plpgsql as $$
#variable_conflict use_column
begin
    perform act_as('frontdesk_keeper');
    return query
        update chat_turns t
        set owner = p_owner, attempt = t.attempt + 1, lease_until = now() + make_interval(secs => p_lease)
        from (select o.user_id, o.turn_id from chat_turns o
              where o.status in ('streaming', 'answered') and o.turn_id <> all(p_running)
              -- The next two lines, which an index knows, leave out every turn of a living process.
              and (o.lease_until < now() + make_interval(secs => p_lease - p_quiet)
                   or o.lease_until > now() + make_interval(secs => 2 * p_lease))
              and lease_lapsed(o.lease_until, o.owner, p_lease, p_quiet, p_settling)
              order by o.lease_until limit p_limit for update skip locked) orphan
        where t.user_id = orphan.user_id and t.turn_id = orphan.turn_id
        returning t.user_id, t.turn_id, t.convo_id, t.status, t.attempt, t.stop_asked_at is not null;
end $$;

-- These are for the roles that they act as, and so for a login that is a member of them.
call guard_functions(
    'act_for', 'act_as', 'act_for_thread', 'is_being_answered', 'is_first_in_conversation', 'take_place',
    'admit_message', 'accept_turn', 'conversation_history', 'recall_facts', 'answer_turn', 'save_summary',
    'learn_facts', 'store_embedding', 'record_turn', 'record_findings', 'save_checkpoint', 'save_writes',
    'log_events', 'renew_turns', 'adopt_turns');
grant execute on function
    act_for, is_being_answered, is_first_in_conversation, take_place, admit_message, accept_turn, conversation_history,
    recall_facts, answer_turn, save_summary, learn_facts, store_embedding, record_turn, record_findings
    to frontdesk_app;
grant execute on function act_for_thread, save_checkpoint, save_writes to frontdesk_graph;
grant execute on function act_as, log_events to frontdesk_journal;
grant execute on function act_as, renew_turns, adopt_turns to frontdesk_keeper;
