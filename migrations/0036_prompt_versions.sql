-- Which text the employee of a turn was given, so that the figures of two versions of a prompt can be compared, and how
-- much of the prompt the provider read from its cache. Null in older rows, and where servers of the release before,
-- which tell neither, record a turn.
alter table xai_chat_metrics
    add column prompt_version text,
    add column cached_tokens integer;
grant select (prompt_version, cached_tokens) on xai_chat_metrics to frontdesk_analyst;
