-- API keys: what a program shows instead of a person's token. Only a hash is kept, of 256 random bits, which needs neither
-- salt nor many rounds. A key goes with its user's account.
create table chat_api_keys (
    user_id uuid not null references chat_users (user_id) on delete cascade,
    key_id uuid not null default gen_random_uuid(),
    key_hash bytea not null constraint key_hash_is_sha256 check (octet_length(key_hash) = 32),
    hint text not null,  -- how it begins, so that its user knows it again
    name text not null constraint key_has_a_name check (char_length(name) between 1 and 100),
    scopes text[] not null
        constraint scopes_are_known check (scopes <@ array['chat', 'read'] and cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    primary key (user_id, key_id)
);
create unique index chat_api_keys_hash on chat_api_keys (key_hash);

call guard_user_table('chat_api_keys');
grant select, insert, delete on chat_api_keys to frontdesk_app;

-- Whose a key is, must be known before there is a user to act for.
grant select (user_id, key_hash, scopes, expires_at, last_used_at), update (last_used_at) on chat_api_keys
    to frontdesk_keeper;
create policy keeper_sees on chat_api_keys for select to frontdesk_keeper using (true);
create policy keeper_uses on chat_api_keys for update to frontdesk_keeper using (true) with check (true);

-- Whose a key is and what it may do; nothing where there is none, or it has expired. That it was used is written at most
-- once in p_quiet seconds.
create function use_api_key(p_key_hash bytea, p_quiet double precision)
returns table (user_id uuid, scopes text[]) language plpgsql as $$
#variable_conflict use_column
begin
    perform act_as('frontdesk_keeper');
    perform set_config('synchronous_commit', 'off', true);
    update chat_api_keys k set last_used_at = now()
        where k.key_hash = p_key_hash and (k.expires_at is null or k.expires_at > now())
        and (k.last_used_at is null or k.last_used_at < now() - make_interval(secs => p_quiet));
    return query
        select k.user_id, k.scopes from chat_api_keys k
        where k.key_hash = p_key_hash and (k.expires_at is null or k.expires_at > now());
end $$;

call guard_functions('use_api_key');
grant execute on function use_api_key to frontdesk_keeper;
