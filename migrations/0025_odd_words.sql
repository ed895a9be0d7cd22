-- A provider's filter may stop an answer, and numbers are masked in answers, too.
alter table xai_chat_metrics
    drop constraint error_code_is_known,
    add constraint error_code_is_known check (error_code in (
        -- turned away
        'empty_message', 'blocked', 'rate_limited', 'conversation_busy',
        -- the model's own answer is missing or short
        'model_unreachable', 'model_overloaded', 'model_failed', 'model_rejected', 'model_context_too_long',
        'model_empty', 'model_garbled', 'model_timeout', 'model_filtered', 'model_down',
        -- there is no answer
        'storage_unavailable', 'shutting_down', 'internal',
        -- the answer stands, and something that follows it could not be done
        'summary_failed', 'facts_failed'
    ));

-- A turn may have a card number in its message and another in its answer.
alter table chat_guard_events
    drop constraint chat_guard_events_action_check,
    add constraint chat_guard_events_action_check check (action in ('masked', 'refused', 'answer_masked')),
    drop constraint chat_guard_events_pkey,
    add primary key (user_id, turn_id, kind, action);
