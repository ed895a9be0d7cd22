"""What follows an answer, and what goes wrong there: the turn ends all the same, and once."""

from uuid import UUID

import pytest

from graph.turns import leases
from tests.support.app import Frontdesk, Serve
from tests.support.database import disappear, owner, row, rows
from tests.support.listening import listening, until
from tests.support.model_script import Hang, Text, plain, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.prometheus import scraped

FAILING = "alter table xai_chat_metrics add constraint nothing_is_taken check (latency_ms < 0) not valid"


async def test_a_count_that_fits_no_column_ends_no_turn_twice(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A model's server may tell any number of tokens."""
    model.always(Text("Hello.", counts=5_000_000_000), streaming)
    await frontdesk.chat(ada, "Hello")
    url = frontdesk.service.url
    assert await row(url, "select status, attempt from chat_turns") == ("done", 1)
    counted = "select success, prompt_tokens, completion_tokens, prompt_tokens_est > 0 from xai_chat_metrics"
    assert await row(url, counted) == (True, None, None, True)


@pytest.mark.own_app  # its tables are changed
async def test_a_turn_whose_numbers_are_refused_ends_once(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """It is done without them, paid for once, and operators are told."""
    url = frontdesk.service.url
    await owner(url, FAILING)
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.events[-1].name == "done"
    assert await row(url, "select status, attempt from chat_turns") == ("done", 1)
    assert await rows(url, "select from xai_chat_metrics") == []
    assert [sum(map(asked, model.requests)) for asked in (streaming, plain, structured)] == [1, 1, 1]
    assert (await scraped(frontdesk, ada))["frontdesk_unrecorded_turns_total",] == 1


ORPHANS = """
with users as (
    insert into chat_users (user_id) select gen_random_uuid() from generate_series(1, %(count)s) returning user_id
), conversations as (
    insert into chat_conversations (user_id, convo_id) select user_id, 'c-1' from users
), turns as (
    insert into chat_turns (user_id, turn_id, convo_id, employee_slug, route, owner, lease_until)
    select user_id, gen_random_uuid(), 'c-1', 'prime',
           '{"employee": "prime", "reason": "a test", "confidence": 1, "runner_up": null}',
           gen_random_uuid(), now() - interval '1 second' from users returning user_id, turn_id
)
insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content)
select turn_id, user_id, 'c-1', turn_id, 'prime', 'user', 'Can I?' from turns returning 1
"""
"""Turns that were accepted by processes that are gone."""


async def test_two_servers_share_what_others_have_left(frontdesk: Frontdesk, serve: Serve, model: ModelServer) -> None:
    """Nobody has to ask them to look; each turn is answered once."""
    await serve()
    url = frontdesk.service.url
    await rows(url, ORPHANS, count=60)
    await disappear(url, "select from chat_turns where status <> 'done' limit 1")
    shares = await rows(url, "select count(*), min(attempt), max(attempt) from chat_turns group by owner")
    assert sum(count for count, _, _ in shares) == 60
    assert [attempts for _, *attempts in shares] == [[2, 2]] * 2
    assert sum(map(streaming, model.requests)) == 60


async def test_a_server_that_has_enough_to_begin_takes_nothing_over(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one may have less. Once its own answer has begun, or ended, it does."""
    monkeypatch.setattr(leases, "MAX_WITHOUT_WORDS", 1)
    url = frontdesk.service.url
    model.queue(Hang(), streaming)
    async with listening(frontdesk, ada, "Hello") as events, frontdesk.client(ada) as client:
        turn_id = (await until(events, "start"))[0].data["turn_id"]
        await rows(url, ORPHANS, count=3)
        assert await frontdesk.service.leases.adopt() == 0
        assert await rows(url, "select from chat_turns where attempt > 1") == []
        await client.post(f"/turns/{turn_id}/stop")
        await until(events, "done")
    await frontdesk.ended()
    assert await rows(url, "select attempt, count(*) from chat_turns group by 1 order by 1") == [(1, 1), (2, 3)]
