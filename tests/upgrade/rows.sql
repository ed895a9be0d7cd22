-- What an installation has: a finished turn, one that is being answered, one whose answer is out, what was learned.
-- The statements are right for the schema of every release in releases.py.
insert into chat_users (user_id) values ('00000001-0000-4000-8000-000000000000');
insert into chat_conversations (user_id, convo_id, title, employee_slug)
    values ('00000001-0000-4000-8000-000000000000', 'c-1', 'Biscuits', 'ledger');
insert into chat_turns
    (user_id, turn_id, convo_id, status, employee_slug, finish_reason, route, report, owner, lease_until)
    select '00000001-0000-4000-8000-000000000000', id::uuid, 'c-1', status, 'ledger', finish,
        '{"employee": "ledger", "reason": "named", "confidence": 1, "runner_up": null}',
        case when finish is not null
            then '{"employee": "ledger", "model": "m", "finish_reason": "stop", "fallback": false, "latency_ms": 9,
                   "usage": {"prompt_tokens": 1, "completion_tokens": 1, "estimated": true}, "ttft_ms": 5,
                   "notices": []}'::json end,
        '0000000f-0000-4000-8000-000000000000', case when status <> 'done' then now() - interval '1 minute' end
    from (values ('00000001-0000-4000-8000-000000000001', 'done', 'stop'),
                 ('00000001-0000-4000-8000-000000000002', 'answered', 'stop'),
                 ('00000001-0000-4000-8000-000000000003', 'streaming', null)) as t(id, status, finish);
insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content)
    select turn_id, user_id, convo_id, turn_id, employee_slug, 'user', 'I sell biscuits' from chat_turns order by turn_id;
insert into chat_messages (user_id, convo_id, turn_id, employee_key, role, content)
    select user_id, convo_id, turn_id, employee_slug, 'assistant', 'Kept.' from chat_turns
    where status <> 'streaming' order by turn_id;
insert into chat_convo_summaries (user_id, convo_id, summary, covers_seq)
    values ('00000001-0000-4000-8000-000000000000', 'c-1', 'About biscuits.', 1);
insert into user_memory_facts (id, user_id, fact, fact_hash, source_message_id)
    values ('00000001-0000-4000-8000-00000000000f', '00000001-0000-4000-8000-000000000000', 'Sells biscuits.', 'h',
            '00000001-0000-4000-8000-000000000001');
insert into user_fact_sources (user_id, fact_id, message_id)
    select user_id, id, source_message_id from user_memory_facts;
insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model)
    select user_id, id, source_message_id, fact,
           (array_fill(0.05::real, '{384}') || array_fill(0::real, '{1152}'))::vector, 'some-model'
    from user_memory_facts;
insert into chat_idempotency (user_id, key, body_hash, turn_id, owner)
    values ('00000001-0000-4000-8000-000000000000', 'a key', repeat('0', 64), '00000001-0000-4000-8000-000000000001',
            '0000000f-0000-4000-8000-000000000000');
insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint)
    values ('00000001-0000-4000-8000-000000000001', '1', '{}');
