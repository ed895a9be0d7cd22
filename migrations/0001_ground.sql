-- The ground everything else stands on: vectors, who is asking, and the roles the program acts as.

create extension if not exists vector;

-- On Supabase auth.uid() is there and belongs to the platform. Elsewhere we bring the same function, so
-- that the policies below read alike in both places. After a commit a transaction-local setting reads
-- '' and not null, hence nullif.
do $$
begin
    if to_regprocedure('auth.uid()') is null then
        create schema if not exists auth;
        create function auth.uid() returns uuid language sql stable as
            'select (nullif(current_setting(''request.jwt.claims'', true), '''')::json ->> ''sub'')::uuid';
    end if;
end $$;

-- The program connects as whoever owns the database, but acts as these two, which own nothing, cannot
-- bypass row level security and cannot log in: a statement that forgets the user finds nothing.
-- Roles belong to the whole server, so another database of it may have made them already.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['frontdesk_app', 'frontdesk_graph'] loop
        begin
            execute format('create role %I nologin', role_name);
        exception when duplicate_object or unique_violation then
            null;
        end;
        -- A superuser may act as anyone. Since Postgres 16 whoever else creates a role may grant it but
        -- not yet act as it.
        if not (select rolsuper from pg_roles where rolname = current_user) then
            execute format('grant %I to %I', role_name, current_user);
        end if;
    end loop;
end $$;

grant usage on schema public to frontdesk_app;

-- Supabase keeps auth to itself; there the platform's role for signed-in users has the right to call uid().
do $$
begin
    begin
        grant usage on schema auth to frontdesk_app;
    exception when insufficient_privilege then
        null;
    end;
    if not has_schema_privilege('frontdesk_app', 'auth', 'usage') then
        grant authenticated to frontdesk_app;
    end if;
end $$;

-- LangGraph's checkpoints get a schema of their own; their tables are made by its own migrations.
create schema if not exists langgraph;
grant usage on schema langgraph to frontdesk_graph;
alter default privileges in schema langgraph grant select, insert, update, delete on tables to frontdesk_graph;
