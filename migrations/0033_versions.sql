-- Versions: a question can be answered again, changed, or its answer continued. A conversation is a tree of turns then,
-- one path through it is active, and what is not on that path is superseded: kept to look at, and in no later prompt,
-- summary, fact, list or search. Where nothing was ever replaced, the order of the messages is the path, and no turn
-- needs a parent: those of a conversation are stored with its first version, so nothing has to be filled in here.

-- No foreign keys for the two ids: turns go with their conversation only, the oldest first where it is long.
alter table chat_turns
    add column parent uuid,  -- the turn before it on its path; no_turn() for a first one; null: the order says it
    add column replaces uuid,  -- the turn that it is another version of
    add column version text,  -- how it came about; null for an ordinary message
    add constraint version_is_known check (version in ('regenerate', 'edit', 'continue')) not valid;
grant update (parent, replaces, version) on chat_turns to frontdesk_app;

-- Of question and answer alike, so that each reader has one condition. Their index is in storage/indexes.py.
alter table chat_messages add column superseded boolean not null default false;
grant update (superseded) on chat_messages to frontdesk_app;

-- The rolling summary at the end of each turn: going back takes the last one that covers only what is active.
create table chat_turn_summaries (
    user_id uuid not null,
    turn_id uuid not null,
    summary text not null,
    covers_seq bigint not null,
    primary key (user_id, turn_id),
    constraint summary_of_turn foreign key (user_id, turn_id) references chat_turns on delete cascade
);
call guard_user_table('chat_turn_summaries');
grant select, insert on chat_turn_summaries to frontdesk_app;

-- A fact that was said in superseded messages only is withdrawn, until one of them is active again. Which fact replaced
-- which is kept apart from superseded_by, which says what holds on the active path.
alter table user_memory_facts add column withdrawn_at timestamptz;
grant update (withdrawn_at) on user_memory_facts to frontdesk_app;
create table user_fact_replacements (
    user_id uuid not null,
    fact_id uuid not null,
    replaced_by uuid not null,
    replaced_at timestamptz not null,  -- the time of the message that said so
    primary key (user_id, fact_id, replaced_by),
    constraint replaced_fact foreign key (user_id, fact_id) references user_memory_facts (user_id, id)
        on delete cascade,
    constraint replacing_fact foreign key (user_id, replaced_by) references user_memory_facts (user_id, id)
        on delete cascade
);
create index user_fact_replacements_by on user_fact_replacements (user_id, replaced_by);
call guard_user_table('user_fact_replacements');
grant select, insert, update (replaced_at) on user_fact_replacements to frontdesk_app;

drop trigger embedding_holds on user_memory_facts;
create or replace function embedding_holds() returns trigger language plpgsql as $$
begin
    update memory_embeddings e set holds = new.superseded_at is null and new.withdrawn_at is null
        where e.user_id = new.user_id and e.fact_id = new.id;
    return new;
end $$;
create trigger embedding_holds after update of superseded_at, withdrawn_at on user_memory_facts
    for each row
    when ((new.superseded_at is null and new.withdrawn_at is null)
          is distinct from (old.superseded_at is null and old.withdrawn_at is null))
    execute function embedding_holds();

create function no_turn() returns uuid language sql immutable parallel safe as $$
    select '00000000-0000-0000-0000-000000000000'::uuid
$$;

-- The title that a conversation gets from its first message, as storage/turns.py makes it.
create function message_title(p_text text) returns text language sql immutable parallel safe as $$
    select case when length(line) <= 60 then line else regexp_replace(left(line, 59), '\s+$', '') || '…' end
    from (select split_part(regexp_replace(p_text, '^\s+|\s+$', '', 'g'), E'\n', 1) as line) first
$$;

-- Locks what follows from the active path: the user's facts, and the conversation. False where it does not exist.
create function lock_path(p_user_id uuid, p_convo_id text) returns boolean language plpgsql as $$
begin
    perform lock_facts(p_user_id);
    perform from chat_conversations c where c.user_id = p_user_id and c.convo_id = p_convo_id for no key update;
    return found;
end $$;

-- Of two that change which facts of a user hold the second sees what the first did. Taken before any row is locked.
create function lock_facts(p_user_id uuid) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended(p_user_id::text, 10))
$$;

-- Stores what the order said so far: the parents of turns, all of them active, and whose summary the present one is.
create function store_parents(p_user_id uuid, p_convo_id text) returns void language plpgsql as $$
begin
    update chat_turns t set parent = coalesce(o.before, no_turn())
        from (select m.turn_id, lag(m.turn_id) over (order by m.seq) as before from chat_messages m
              where m.user_id = p_user_id and m.convo_id = p_convo_id and m.role = 'user' and not m.superseded) o
        where t.user_id = p_user_id and t.turn_id = o.turn_id and t.parent is null;
    insert into chat_turn_summaries (user_id, turn_id, summary, covers_seq)
        select s.user_id, m.turn_id, s.summary, s.covers_seq
        from chat_convo_summaries s
        cross join lateral (
            select l.turn_id from chat_messages l
            where l.user_id = s.user_id and l.convo_id = s.convo_id and l.seq <= s.covers_seq and not l.superseded
            order by l.seq desc limit 1) m
        where s.user_id = p_user_id and s.convo_id = p_convo_id
        on conflict do nothing;
end $$;

-- The last turn that was accepted on a path through this one, failed versions left out.
create function latest_leaf(p_user_id uuid, p_turn_id uuid) returns uuid language sql stable as $$
    with recursive down as (
        select p_turn_id as turn_id
        union  -- and not union all: an import may hold anything
        select c.turn_id from down d join chat_turns c
            on c.user_id = p_user_id and c.parent = d.turn_id and not (c.version is not null and c.status = 'failed'))
    select m.turn_id from down d join chat_messages m
        on m.user_id = p_user_id and m.turn_id = d.turn_id and m.role = 'user'
    order by m.seq desc limit 1
$$;

-- Makes the path that ends with a turn the active one, and everything else of the conversation superseded; summary, last
-- employee, title (unless the user gave it) and facts follow. After lock_path and store_parents.
create function activate_path(p_user_id uuid, p_convo_id text, p_leaf uuid) returns void language plpgsql as $$
declare
    path uuid[];
begin
    with recursive up as (
        select t.turn_id, t.parent from chat_turns t where t.user_id = p_user_id and t.turn_id = p_leaf
        union
        select t.turn_id, t.parent from up join chat_turns t on t.user_id = p_user_id and t.turn_id = up.parent)
    select array_agg(up.turn_id) into path from up;
    update chat_messages m set superseded = not m.superseded
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.superseded = (m.turn_id = any(path));
    update chat_convo_summaries s set summary = coalesce(k.summary, ''), covers_seq = coalesce(k.covers_seq, 0),
                                      updated_at = now()
        from (select) one left join lateral (
            select t.summary, t.covers_seq from chat_messages q join chat_turn_summaries t
            on t.user_id = q.user_id and t.turn_id = q.turn_id
            where q.user_id = p_user_id and q.convo_id = p_convo_id and q.role = 'user' and not q.superseded
            order by t.covers_seq desc limit 1) k on true
        where s.user_id = p_user_id and s.convo_id = p_convo_id;
    update chat_conversations c set employee_slug = (
        select a.employee_key from chat_messages a
        where a.user_id = p_user_id and a.convo_id = p_convo_id and a.role = 'assistant' and not a.superseded
        order by a.seq desc limit 1)
        where c.user_id = p_user_id and c.convo_id = p_convo_id;
    update chat_conversations c set title = message_title(first.content)
        from chat_messages first
        where c.user_id = p_user_id and c.convo_id = p_convo_id
        and first.user_id = p_user_id and first.role = 'user' and first.turn_id = (
            select t.turn_id from chat_turns t
            where t.user_id = p_user_id and t.turn_id = any(path) and t.parent = no_turn())
        and c.title in (
            select message_title(q.content) from chat_turns t join chat_messages q
            on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'
            where t.user_id = p_user_id and t.convo_id = p_convo_id and t.parent = no_turn());
    perform settle_facts(p_user_id);
end $$;

-- What replaced what, as far as only superseded_by says it yet.
create function store_replacements(p_user_id uuid) returns void language sql as $$
    insert into user_fact_replacements (user_id, fact_id, replaced_by, replaced_at)
        select f.user_id, f.id, f.superseded_by, f.superseded_at from user_memory_facts f
        where f.user_id = p_user_id and f.superseded_by is not null
        on conflict do nothing
$$;

-- Works out which facts of a user hold on the active paths: one is withdrawn while all that said it is superseded; and
-- it is replaced by what replaced it since it was last said, or by what replaced that, where that is withdrawn. After
-- lock_facts.
create function settle_facts(p_user_id uuid) returns void language plpgsql as $$
begin
    perform store_replacements(p_user_id);
    update user_memory_facts f set withdrawn_at = case when said.active then null else now() end
        from (select s.fact_id, bool_or(not m.superseded) as active from user_fact_sources s
              join chat_messages m on m.user_id = s.user_id and m.id = s.message_id
              where s.user_id = p_user_id group by s.fact_id) said
        where f.user_id = p_user_id and f.id = said.fact_id and (f.withdrawn_at is null) <> said.active;
    with recursive walk as (
        select r.fact_id, r.replaced_by, r.replaced_at from user_fact_replacements r where r.user_id = p_user_id
        union
        select w.fact_id, r.replaced_by, r.replaced_at from walk w
            join user_memory_facts b on b.user_id = p_user_id and b.id = w.replaced_by and b.withdrawn_at is not null
            join user_fact_replacements r on r.user_id = p_user_id and r.fact_id = w.replaced_by
            where r.replaced_by <> w.fact_id
    ), holding as (
        select distinct on (w.fact_id) w.fact_id, w.replaced_by, w.replaced_at from walk w
        join user_memory_facts b on b.user_id = p_user_id and b.id = w.replaced_by and b.withdrawn_at is null
        where not exists (
            select from user_fact_sources s join chat_messages m on m.user_id = s.user_id and m.id = s.message_id
            where s.user_id = p_user_id and s.fact_id = w.fact_id and not m.superseded
            and m.created_at > w.replaced_at)
        order by w.fact_id, w.replaced_at desc
    )
    update user_memory_facts f set superseded_by = h.replaced_by, superseded_at = h.replaced_at
        from (select distinct r.fact_id from user_fact_replacements r where r.user_id = p_user_id) known
        left join holding h using (fact_id)
        where f.user_id = p_user_id and f.id = known.fact_id and f.superseded_by is distinct from h.replaced_by;
end $$;

-- As accept_turn, for a turn that is another version of an earlier one, whose place on the active path it takes with all
-- that followed. That one was deleted: the error of a foreign key.
create function accept_version(
    p_user_id uuid, p_turn_id uuid, p_convo_id text, p_title text, p_message text, p_asked_employee text,
    p_employee text, p_route json, p_owner uuid, p_lease double precision, p_elsewhere double precision,
    p_version text, p_replaces uuid
) returns void language plpgsql as $$
begin
    perform act_for(p_user_id);
    if not lock_path(p_user_id, p_convo_id) or not exists (
        select from chat_turns t
        where t.user_id = p_user_id and t.turn_id = p_replaces and t.convo_id = p_convo_id
    ) then
        raise exception 'turn % is gone', p_replaces using errcode = 'foreign_key_violation';
    end if;
    if not exists (select from chat_turns t where t.user_id = p_user_id and t.turn_id = p_turn_id) then
        perform store_parents(p_user_id, p_convo_id);
    end if;
    perform accept_turn(
        p_user_id, p_turn_id, p_convo_id, p_title, p_message, p_asked_employee, p_employee, p_route, p_owner, p_lease,
        p_elsewhere);
    update chat_turns t set parent = r.parent, replaces = p_replaces, version = p_version
        from chat_turns r
        where t.user_id = p_user_id and t.turn_id = p_turn_id and t.parent is null
        and r.user_id = p_user_id and r.turn_id = p_replaces;
    if found then  -- this may run twice
        perform activate_path(p_user_id, p_convo_id, p_turn_id);
    end if;
end $$;

-- Makes the path through a turn, on to its latest leaf, the active one; nothing where the turn is active already. Says
-- `active`, `busy` while a message of the conversation is being answered or waits, or `missing`.
create function switch_version(
    p_user_id uuid, p_convo_id text, p_turn_id uuid,
    p_lease double precision, p_quiet double precision, p_settling double precision, p_elsewhere double precision
) returns text language plpgsql as $$
begin
    perform act_for(p_user_id);
    if not lock_path(p_user_id, p_convo_id) or not exists (
        select from chat_turns t
        where t.user_id = p_user_id and t.turn_id = p_turn_id and t.convo_id = p_convo_id
    ) then
        return 'missing';
    end if;
    if is_being_answered(p_user_id, p_convo_id, no_turn(), p_elsewhere) or exists (
        select from chat_queue q where q.user_id = p_user_id and q.convo_id = p_convo_id
        and not lease_lapsed(q.lease_until, q.owner, p_lease, p_quiet, p_settling)
    ) then
        return 'busy';
    end if;
    if exists (
        select from chat_messages m where m.user_id = p_user_id and m.turn_id = p_turn_id and m.superseded
    ) then
        perform store_parents(p_user_id, p_convo_id);
        perform activate_path(p_user_id, p_convo_id, latest_leaf(p_user_id, p_turn_id));
    end if;
    return 'active';
end $$;

-- Marks a turn that ended without an answer. Where it is a version, what it replaced is active again.
create function fail_turn(p_user_id uuid, p_turn_id uuid, p_error_code text, p_owner uuid) returns void
language plpgsql as $$
declare
    convo text;
    original uuid;
begin
    perform act_for(p_user_id);
    select t.convo_id, t.replaces into convo, original
        from chat_turns t where t.user_id = p_user_id and t.turn_id = p_turn_id;
    if original is not null then
        perform lock_path(p_user_id, convo);
    end if;
    update chat_turns t set status = 'failed', error_code = p_error_code, updated_at = now()
        where t.user_id = p_user_id and t.turn_id = p_turn_id and t.status = 'streaming'
        and t.owner is not distinct from p_owner;
    if found and original is not null and not (
        select m.superseded from chat_messages m where m.user_id = p_user_id and m.id = p_turn_id
    ) then
        perform store_parents(p_user_id, convo);
        perform activate_path(p_user_id, convo, latest_leaf(p_user_id, original));
    end if;
end $$;

-- The versions of a turn, which it is one of, in order. An answer that was continued has given its place to the whole
-- one, unless it is the active one.
create function versions_of(p_user_id uuid, p_turn_id uuid, p_convo_id text, p_parent uuid) returns uuid[]
language sql stable as $$
    select case when p_parent is null then array[p_turn_id] else array(
        select t.turn_id from chat_turns t
        join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'
        where t.user_id = p_user_id and t.parent = p_parent and t.convo_id = p_convo_id
        and (t.turn_id = p_turn_id or not q.superseded or not exists (
            select from chat_turns c
            where c.user_id = p_user_id and c.parent = p_parent and c.replaces = t.turn_id
            and c.version = 'continue' and c.status <> 'failed'))
        and (t.turn_id = p_turn_id or not (t.version = 'continue' and t.status = 'failed'))
        order by q.seq) end
$$;

-- From here on as in 0029, without what is superseded.

create or replace function conversation_history(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_recent integer)
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
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id and not m.superseded
        and m.content <> ''  -- an answer that was stopped before its first token
        and m.seq > least(covers, (
            select coalesce(min(latest.seq), 0) - 1
            from (select l.seq from chat_messages l
                  where l.user_id = p_user_id and l.convo_id = p_convo_id and l.turn_id <> p_turn_id
                  and not l.superseded
                  order by l.seq desc limit p_recent) latest));
    return next;
end $$;

create or replace function answer_turn(
    p_user_id uuid, p_turn_id uuid, p_convo_id text, p_message_id uuid, p_employee text, p_answer text,
    p_finish_reason text, p_error_code text, p_report json, p_facts_used uuid[], p_owner uuid
) returns boolean language plpgsql as $$
declare
    gone boolean;
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
    -- A turn of LangGraph's own server may be superseded while it is answered.
    select q.superseded into gone from chat_messages q where q.user_id = p_user_id and q.id = p_turn_id;
    insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content, superseded)
        values (p_message_id, p_user_id, p_convo_id, p_turn_id, p_employee, 'assistant', p_answer, gone)
        on conflict (user_id, turn_id, role) do nothing;
    update chat_conversations c
        set employee_slug = case when gone then c.employee_slug else p_employee end, updated_at = now()
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

-- It is kept for its turn, too. That of a turn which was superseded meanwhile is dropped.
create or replace function save_summary(p_user_id uuid, p_convo_id text, p_turn_id uuid, p_summary text, p_seen bigint)
returns boolean language plpgsql as $$
declare
    covers bigint;
    saved boolean;
begin
    perform act_for(p_user_id);
    perform set_config('synchronous_commit', 'off', true);  -- the messages are there: the next turn summarises them
    -- The path does not change meanwhile. And before the turn's row: a deletion locks them in this order, too.
    perform from chat_conversations c where c.user_id = p_user_id and c.convo_id = p_convo_id for no key update;
    with mine as (
        select max(m.seq) as last from chat_messages m
        where m.user_id = p_user_id and m.turn_id = p_turn_id and not m.superseded
    ), unread as (
        select min(m.seq) as first from chat_messages m, mine
        where m.user_id = p_user_id and m.convo_id = p_convo_id and m.turn_id <> p_turn_id and not m.superseded
        and m.seq > p_seen and m.seq < mine.last
    )
    select coalesce(unread.first - 1, mine.last) into covers from mine, unread where mine.last is not null;
    if covers is not null then
        insert into chat_turn_summaries (user_id, turn_id, summary, covers_seq)
            values (p_user_id, p_turn_id, p_summary, covers) on conflict do nothing;
        insert into chat_convo_summaries as s (user_id, convo_id, summary, covers_seq)
            values (p_user_id, p_convo_id, p_summary, covers)
            on conflict (user_id, convo_id) do update
            set summary = excluded.summary, covers_seq = excluded.covers_seq, updated_at = now()
            where s.covers_seq < excluded.covers_seq;
        saved := found;
    end if;
    update chat_turns t set summarised_at = now() where t.user_id = p_user_id and t.turn_id = p_turn_id;
    return coalesce(saved, false);
end $$;

-- What replaced what is kept, too. Where the turn was superseded meanwhile, its facts are withdrawn at once.
create or replace function learn_facts(p_user_id uuid, p_turn_id uuid, p_model text, p_facts jsonb)
returns table (fact_id uuid, fact text) language plpgsql as $$
#variable_conflict use_column
declare
    given record;
    learned uuid;
    known boolean;
    said record;
begin
    perform act_for(p_user_id);
    perform lock_facts(p_user_id);
    -- Before the message's row, which facts refer to: a deletion of a turn locks them in this order, too.
    update chat_turns t set facts_at = now() where t.user_id = p_user_id and t.turn_id = p_turn_id;
    select q.superseded, q.created_at into said from chat_messages q where q.user_id = p_user_id and q.id = p_turn_id;
    if said.superseded then
        perform store_replacements(p_user_id);
    end if;
    for given in
        select g.* from jsonb_to_recordset(p_facts)
            as g(fact text, hash text, confidence real, vector text, replaces uuid[])
    loop
        known := exists (
            select from user_memory_facts f where f.user_id = p_user_id and f.fact_hash = given.hash
            and f.superseded_at is null and f.withdrawn_at is null);
        insert into user_memory_facts as f (user_id, fact, fact_hash, confidence, source_message_id)
            values (p_user_id, given.fact, given.hash, given.confidence, p_turn_id)
            on conflict (user_id, fact_hash) do update
            set superseded_by = null, superseded_at = null, withdrawn_at = null,
                confidence = greatest(f.confidence, excluded.confidence)
            returning f.id into learned;
        perform store_embedding(p_user_id, learned, given.vector, p_model);
        insert into user_fact_sources (user_id, fact_id, message_id) values (p_user_id, learned, p_turn_id)
            on conflict do nothing;
        insert into user_fact_replacements (user_id, fact_id, replaced_by, replaced_at)
            select p_user_id, f.id, learned, said.created_at from user_memory_facts f
            where f.user_id = p_user_id and f.id = any(given.replaces) and f.id <> learned and f.superseded_at is null
            on conflict (user_id, fact_id, replaced_by) do update set replaced_at = excluded.replaced_at;
        update user_memory_facts f set superseded_by = learned, superseded_at = now()
            where f.user_id = p_user_id and f.id = any(given.replaces) and f.id <> learned and f.superseded_at is null;
        if not known then
            fact_id := learned;
            fact := given.fact;
            return next;
        end if;
    end loop;
    if said.superseded then
        perform settle_facts(p_user_id);
    end if;
end $$;

create or replace function store_embedding(p_user_id uuid, p_fact_id uuid, p_vector text, p_model text) returns void
language plpgsql as $$
begin
    insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model, holds)
        select f.user_id, f.id, f.source_message_id, f.fact, p_vector::halfvec, p_model,
               f.superseded_at is null and f.withdrawn_at is null
        from user_memory_facts f where f.user_id = p_user_id and f.id = p_fact_id
        on conflict (user_id, fact_id, model) do nothing;
end $$;

-- As in 0030.

create or replace function read_facts(p_user_id uuid, p_facts uuid[])
returns table (fact_id uuid, fact text, message_id uuid, learned timestamptz, holds boolean) language plpgsql as $$
begin
    perform act_for(p_user_id);
    return query
        select f.id, f.fact, f.source_message_id, f.created_at, f.superseded_at is null and f.withdrawn_at is null
        from user_memory_facts f where f.user_id = p_user_id and f.id = any(p_facts) order by f.id;
end $$;

create or replace function check_vector() returns trigger language plpgsql as $$
declare
    fact record;
begin
    select f.fact, f.superseded_at is null and f.withdrawn_at is null as holds into fact
        from user_memory_facts f where f.user_id = new.user_id and f.id = new.fact_id for no key update;
    if found and (fact.fact <> new.text or exists (
        select from memory_embeddings e
        where e.user_id = new.user_id and e.fact_id = new.fact_id and e.model = new.model
    )) then
        return null;
    end if;
    new.holds := coalesce(fact.holds, new.holds);
    return new;
end $$;

call guard_functions(
    'no_turn', 'message_title', 'lock_path', 'lock_facts', 'store_parents', 'latest_leaf', 'activate_path',
    'store_replacements', 'settle_facts', 'accept_version', 'switch_version', 'fail_turn', 'versions_of');
grant execute on function
    no_turn, message_title, lock_path, lock_facts, store_parents, latest_leaf, activate_path, store_replacements,
    settle_facts, accept_version, switch_version, fail_turn, versions_of
    to frontdesk_app;
