"""A turn as servers of the release with migration 0030 run it: their statements, as they were then. Never edited."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4, uuid5

from psycopg.rows import dict_row
from psycopg.types.json import Json, Jsonb

from storage.connections import Connection

TERMS = {"lease": 15.0, "quiet": 3.0, "settling": 10.0, "elsewhere": 60.0}
STEPS = (
    (
        "select * from admit_message(%(user)s, %(convo)s, %(turn)s, %(owner)s, true, 1000000, 60, true, 8, 16,"
        " %(lease)s, %(quiet)s, %(settling)s, %(elsewhere)s)"
    ),
    (
        "select accept_turn(%(user)s, %(turn)s, %(convo)s, 'A title', 'What is 7 times 6?', null::text, 'ledger',"
        " %(route)s, %(owner)s, %(lease)s, %(elsewhere)s)"
    ),
    "select log_events(%(users)s, %(turns)s, %(one)s, %(one)s, %(events)s)",
    "select * from conversation_history(%(user)s, %(convo)s, %(turn)s, 40)",
    "select fact_id::text, fact, learned, similarity from recall_facts(%(user)s, '[1, 0]'::halfvec, 'm', 6)",
    "select * from renew_turns(%(owner)s, %(turns)s, %(lease)s)",
    (
        "select answer_turn(%(user)s, %(turn)s, %(convo)s, %(answer)s, 'ledger', '42', 'stop', null::text, %(route)s,"
        " '{}'::uuid[], %(owner)s) as stored"
    ),
    "select save_summary(%(user)s, %(convo)s, %(turn)s, 'Of numbers.', 0) as saved",
    "select fact_id::text, fact from learn_facts(%(user)s, %(turn)s, 'm', %(facts)s)",
    (
        "select save_checkpoint(%(user)s, %(turn)s, '', %(convo)s, null::text, '{}'::jsonb, %(metadata)s, '{}'::text[],"
        " '{}'::text[], '{}'::text[], '{}'::bytea[])"
    ),
    "select record_turn(%(user)s, %(turn)s, %(metrics)s, '[]'::json, false, 200, true) as is_new",
    "select * from adopt_turns(%(owner)s, %(turns)s, 8, %(lease)s, %(quiet)s, %(settling)s)",
)
"""From the admission to the end, each a transaction of its own."""
CLAIM_KEY = (
    "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', %(claims)s, true)",
    "insert into chat_users (user_id) values (%(user)s) on conflict do nothing",
    (
        "insert into chat_idempotency (user_id, key, body_hash, turn_id, owner, lease_until)"
        " values (%(user)s, %(key)s, repeat('0', 64), %(turn)s, %(owner)s, now() + make_interval(secs => %(lease)s))"
        " on conflict (user_id, key) do nothing"
    ),
)
"""One transaction, before the others."""


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Connection]:
    """A connection as that release's pool made it; statements are prepared once they have run a few times."""
    async with await Connection.connect(url, autocommit=True, row_factory=dict_row) as conn:
        yield conn


async def run_turn(conn: Connection, user: UUID) -> UUID:
    """Run a turn from its key to its end; returns its id."""
    turn, owner = uuid4(), uuid4()
    values = {
        **TERMS, "user": user, "turn": turn, "owner": owner, "convo": f"c-{turn}", "key": str(turn),
        "answer": uuid5(turn, "answer"), "users": [user], "turns": [turn], "one": [1],
        "events": ['[{"event":"done","data":{}}]'], "route": Json({}), "metadata": Jsonb({"user_id": str(user)}),
        "claims": f'{{"sub": "{user}", "role": "authenticated"}}',
        "facts": Jsonb([{"fact": f"Asked {turn}.", "hash": str(turn), "confidence": 1, "vector": "[1, 0]",
                         "replaces": []}]),
        "metrics": Json({"employee": "ledger", "model": "m", "outcome": "done", "latency_ms": 1, "prompt_chars": 1,
                         "completion_chars": 1, "prompt_tokens_est": 1, "completion_tokens_est": 1, "success": True}),
    }  # fmt: skip
    async with conn.transaction():
        for statement in CLAIM_KEY:
            await conn.execute(statement, values)
    for statement in STEPS:
        await conn.execute(statement, values)
    return turn
