-- What can be wrong with a turn is a closed list, so that whoever counts failures knows all there is to count.
alter table xai_chat_metrics add constraint error_code_is_known check (error_code in (
    -- turned away
    'empty_message', 'blocked', 'rate_limited', 'conversation_busy',
    -- the model's own answer is missing or short
    'model_unreachable', 'model_overloaded', 'model_failed', 'model_rejected', 'model_context_too_long',
    'model_empty', 'model_garbled', 'model_timeout', 'model_down',
    -- there is no answer
    'storage_unavailable', 'shutting_down', 'internal',
    -- the answer stands, and something that follows it could not be done
    'summary_failed', 'facts_failed'
));
