"""Turn rows, /metrics-summary, /insights and Prometheus agree with what clients saw.

`docs/metrics.md` says what counts as what.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import pytest

from storage.metrics import REJECTED, TurnMetrics
from tests.api.mixture import Mixture, Seen
from tests.support.app import Frontdesk, Serve
from tests.support.database import kept, rows
from tests.support.expected_metrics import error_codes, figures
from tests.support.listening import listening, until
from tests.support.model_script import Hang, structured
from tests.support.model_server import ModelServer
from tests.support.prometheus import Samples, counted, scraped

OUTCOMES = {"done": 8, "stopped": 2, "fallback": 1, "failed": 1, "refused": 3, "limited": 1}


class Row(TurnMetrics):
    """A row of the metrics table."""

    id: UUID
    user_id: UUID | None


async def rows_of_turns(url: str) -> list[Row]:
    """The rows of all turns."""
    found = await rows(
        url, "select to_jsonb(m) || jsonb_build_object('employee', employee_slug) from xai_chat_metrics m"
    )
    return [cast(Row, one) for (one,) in found]


async def get_json(frontdesk: Frontdesk, path: str, user: UUID, *, admin: bool = False) -> dict[str, Any]:
    """The response of a metrics route."""
    async with frontdesk.client(user, admin=admin) as client:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def check_rows(seen: Sequence[Seen], turns: Sequence[Row]) -> None:
    """There is one row for every message that became a turn, with what its client saw."""
    assert Counter((str(one.user), one.employee, one.outcome) for one in seen) == Counter(
        (str(turn["user_id"]), turn["employee"], turn["outcome"]) for turn in turns
    )
    by_id = {str(turn["id"]): turn for turn in turns}
    for one in seen:
        if one.turn_id is None:  # turned away before anything was said
            assert one.code in [turn["error_code"] for turn in turns if turn["employee"] == one.employee]
            continue
        turn = by_id[one.turn_id]
        assert (turn["employee"], turn["outcome"]) == (one.employee, one.outcome)
        assert turn["success"] == (one.outcome in ("done", "stopped"))
        assert one.code in (None, turn["error_code"])
        if one.outcome == "done":  # also where the answer was begun anew
            assert turn["error_code"] == {"stop": None, "timeout": "model_timeout"}[one.done["finish_reason"]]
        if one.done and one.outcome not in REJECTED:
            assert (turn["latency_ms"], turn["ttft_ms"]) == (one.done["latency_ms"], one.done["ttft_ms"])
            usage = one.done["usage"]
            counts = (None, None) if usage["estimated"] else (usage["prompt_tokens"], usage["completion_tokens"])
            assert (turn["prompt_tokens"], turn["completion_tokens"]) == counts


def check_summary(found: dict[str, Any], turns: Sequence[Row], misrouted: Counter[str]) -> None:
    """The summary is the sum of the rows: in total, by employee, and over time."""
    totals = found["totals"]
    assert totals == {**figures(turns), "misroutes": misrouted.total(), "error_codes": error_codes(turns)}
    by_employee = {
        slug: {**figures([turn for turn in turns if turn["employee"] == slug]), "misroutes": misrouted[slug]}
        for slug in {turn["employee"] for turn in turns}
    }
    assert {one.pop("employee_slug"): one for one in found["data"]} == by_employee
    assert sum(point["turns"] for point in found["series"]) == len(turns)
    assert sum(point["failures"] for point in found["series"]) == sum(not turn["success"] for turn in turns)


def check_insights(found: dict[str, Any], seen: Sequence[Seen]) -> None:
    """A user's week has their accepted messages and who answered them."""
    taken = [one for one in seen if one.outcome not in REJECTED]
    answers = Counter(one.employee for one in taken if one.outcome != "failed")
    top = sorted(answers.items(), key=lambda one: (-one[1], one[0]))[:3]
    assert found["messages"] == len(taken)
    assert found["top_employees"] == [{"employee_slug": slug, "answers": times} for slug, times in top]


def check_prometheus(scrapes: Sequence[Samples], turns: Sequence[Row]) -> None:
    """The counters of all servers add up to the rows, and so do the times."""

    def summed(name: str) -> Samples:
        every = {labels for found in scrapes for labels in counted(found, name)}
        return {labels: sum(counted(found, name).get(labels, 0) for found in scrapes) for labels in every}

    def times(name: str, values: Sequence[tuple[str, int]]) -> None:
        assert summed(f"{name}_count") == Counter((slug,) for slug, _ in values)
        total: Counter[tuple[str, ...]] = Counter()
        for slug, value in values:
            total[slug,] += value
        assert {labels: 1000 * value for labels, value in summed(f"{name}_sum").items()} == pytest.approx(+total)

    assert summed("frontdesk_turns_total") == Counter((turn["employee"], turn["outcome"]) for turn in turns)
    ran = [turn for turn in turns if turn["outcome"] not in REJECTED]
    times("frontdesk_turn_seconds", [(turn["employee"], turn["latency_ms"]) for turn in ran])
    firsts = [(turn["employee"], turn["ttft_ms"]) for turn in turns if turn["ttft_ms"] is not None]
    times("frontdesk_first_token_seconds", firsts)


async def test_all_metrics_agree_with_what_clients_saw(serve: Serve, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """For every kind of outcome, over three servers; and again after one of two users is erased."""
    here, hasty = await serve(rate_limit=100), await serve(rate_limit=100, turn_timeout=2)
    servers = (here, hasty, await serve(rate_limit=1))
    mixture = Mixture(*servers, model, ada, bob)
    await mixture.everything()
    seen, url = mixture.seen, here.service.url
    assert Counter(one.outcome for one in seen) == OUTCOMES
    assert mixture.uncounted == ["deleted", "shutting_down"]

    turns = await rows_of_turns(url)
    check_rows(seen, turns)
    misrouted = Counter(one.employee for one in seen if one.misrouted)
    everyones = await get_json(here, "/metrics-summary", bob, admin=True)
    del everyones["sizes"]
    check_summary(everyones, turns, misrouted)
    for user in (ada, bob):
        own = [turn for turn in turns if turn["user_id"] == str(user)]
        wrong = Counter(one.employee for one in seen if one.misrouted and one.user == user)
        check_summary(await get_json(here, "/metrics-summary?range=7d", user), own, wrong)
        check_insights(await get_json(here, "/insights", user), [one for one in seen if one.user == user])
    check_prometheus([await scraped(server, ada) for server in servers], turns)

    async with here.client(bob) as client:
        assert (await client.delete("/account")).status_code == 204
    check_summary(await get_json(here, "/metrics-summary", ada, admin=True), turns, misrouted)
    check_prometheus([await scraped(server, ada) for server in servers], await rows_of_turns(url))
    check_summary(await get_json(here, "/metrics-summary", bob), [], Counter())
    check_insights(await get_json(here, "/insights", bob), [])


@pytest.mark.own_app
@pytest.mark.parametrize("path", ["/conversations/c-1", "/account"])
async def test_an_answer_counts_even_if_it_is_deleted_afterwards(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID, path: str
) -> None:
    """While its facts are being extracted; and the deleted data does not come back."""
    model.queue(Hang(), structured)
    async with listening(frontdesk, ada, "Hello", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        usage = (await until(events, "done"))[-1].data["usage"]
        await model.received(structured)
        assert (await client.delete(path)).status_code == 204
    await frontdesk.settled()
    (turn,) = turns = await rows_of_turns(frontdesk.service.url)
    assert (turn["outcome"], turn["error_code"], turn["prompt_tokens"]) == ("done", None, usage["prompt_tokens"])
    check_prometheus([await scraped(frontdesk, bob)], turns)
    assert await kept(frontdesk.service.url) == {}
