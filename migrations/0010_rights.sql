-- The program's role may do what the program does, and nothing else; and nobody but it does anything. Deletes
-- that follow from a foreign key need no right of the one who deletes.

call guard_user_table('chat_conversations');
call guard_user_table('chat_turns');
call guard_user_table('chat_messages');
call guard_user_table('chat_convo_summaries');
call guard_user_table('chat_rate_limits');
call guard_user_table('user_memory_facts');
call guard_user_table('memory_embeddings');
call guard_user_table('xai_chat_metrics');
grant select, insert, update (title, employee_slug, updated_at), delete on chat_conversations to frontdesk_app;
grant select, insert, update (status, employee_slug, finish_reason, error_code, updated_at) on chat_turns
    to frontdesk_app;
grant select, insert on chat_messages to frontdesk_app;
grant select, insert, update (summary, covers_seq, updated_at) on chat_convo_summaries to frontdesk_app;
grant select, insert, update (count, admitted_at), delete on chat_rate_limits to frontdesk_app;
grant select, insert, update (fact, fact_hash, confidence, source_message_id, superseded_by, superseded_at), delete
    on user_memory_facts to frontdesk_app;
grant select, insert, update (holds), delete on memory_embeddings to frontdesk_app;
grant select, insert on xai_chat_metrics to frontdesk_app;

-- The list of migrations is nobody's but the owner's.
alter table frontdesk_migrations enable row level security;

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
              select quote_ident(rolname) from pg_roles
              where rolname in ('frontdesk_app', 'anon', 'authenticated', 'service_role')) g
        where p.pronamespace = 'public'::regnamespace
          and p.proname in ('current_minute', 'increment_rate_limit', 'take_rate_limit', 'metrics_summary',
                            'match_memory', 'embedding_holds', 'forget_checkpoints', 'forget_my_checkpoints',
                            'guard_user_table',
                            'chat_search_words', 'chat_search_query')
    loop
        execute format('revoke all on routine %s from %s', function, grantee);
    end loop;
end $$;
grant execute on function current_minute, increment_rate_limit, take_rate_limit, metrics_summary, match_memory,
    forget_my_checkpoints, chat_search_words, chat_search_query to frontdesk_app;

-- Where pgvector lives in a schema of its own (Supabase: extensions) the program must see it there. There
-- the owner may use it but not let others use it, so it comes with the platform's role, as auth does.
do $$
declare
    place text := (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                   where e.extname = 'vector');
begin
    if not has_schema_privilege('frontdesk_app', place, 'usage') then
        execute format('grant usage on schema %I to frontdesk_app', place);
    end if;
    if not has_schema_privilege('frontdesk_app', place, 'usage') then
        grant authenticated to frontdesk_app;
    end if;
end $$;
