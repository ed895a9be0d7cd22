"""/metrics-summary and /insights: their numbers are what clients saw."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from tests.api.mixture import ATTACK, no_answers
from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import row
from tests.support.listening import listening, until
from tests.support.model_script import Hang, Json, Status, streaming, structured
from tests.support.model_server import ModelServer

AWAY = ("limited", "refused")


class Seen(NamedTuple):
    """A message and its outcome, as its client saw it."""

    employee: str
    outcome: str
    answer: Answer

    @property
    def done(self) -> dict[str, Any]:
        """The last event's data, where it is a `done`."""
        return next(iter(self.answer.named("done")), {})


def seen(answer: Answer, employee: str) -> Seen:
    """The outcome in this answer; `employee` is who was asked."""
    if answer.status == 429:
        return Seen(employee, "limited", answer)
    (start,) = answer.named("start")
    assert start["employee"]["slug"] == employee
    if answer.named("error"):
        return Seen(employee, "failed", answer)
    (done,) = answer.named("done")
    outcome = {"blocked": "refused", "stopped": "stopped"}.get(done["finish_reason"], "done")
    return Seen(employee, "fallback" if done["fallback"] else outcome, answer)


class Talk:
    """Sends messages to a running application and keeps what clients saw."""

    def __init__(self, frontdesk: Frontdesk, model: ModelServer) -> None:
        self.frontdesk = frontdesk
        self.model = model
        self.seen: dict[UUID, list[Seen]] = {}

    async def say(self, user: UUID, employee: str, message: str = "Hello", **fields: Any) -> Seen:
        """Send a message and read its answer."""
        answer = await self.frontdesk.chat(user, message, employee=employee, **fields)
        return self._keep(user, seen(answer, employee))

    async def stop(self, user: UUID, employee: str) -> Seen:
        """Send a message and stop its answer."""
        self.model.queue(Hang(["Well, "]), streaming)
        async with (
            listening(self.frontdesk, user, "Hello", employee=employee) as events,
            self.frontdesk.client(user) as client,
        ):
            heard = await until(events, "token")
            await client.post(f"/turns/{heard[0].data['turn_id']}/stop")
            heard += await until(events, "done")
        await self.frontdesk.settled()
        return self._keep(user, seen(Answer(200, httpx.Headers(), heard), employee))

    def _keep(self, user: UUID, one: Seen) -> Seen:
        self.seen.setdefault(user, []).append(one)
        return one


@pytest.fixture
async def talk(serve: Serve, model: ModelServer, ada: UUID, bob: UUID) -> Talk:
    """Two users and every kind of outcome."""
    talk = Talk(await serve(rate_limit=6), model)
    fact = {"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}
    model.queue(Json({"facts": [fact]}), structured)
    await talk.say(ada, "ledger", "I sell biscuits", conversation_id="c-1")
    first = await talk.say(ada, "tag", conversation_id="c-1")
    await talk.say(ada, "ledger", conversation_id="c-1", instead_of=first.done["turn_id"])
    model.queue(Status(400), streaming)
    await talk.say(ada, "crystal")
    await talk.stop(ada, "byte")
    await talk.say(ada, "byte", ATTACK)
    await talk.say(ada, "prime")
    await talk.say(bob, "ledger")
    with no_answers(talk.frontdesk.service.url):
        await talk.say(bob, "goalie")
    outcomes = Counter(one.outcome for turns in talk.seen.values() for one in turns)
    assert outcomes == {"done": 4, "fallback": 1, "stopped": 1, "refused": 1, "limited": 1, "failed": 1}
    return talk


async def summary(talk: Talk, user: UUID, span: str = "24h", *, admin: bool = False) -> dict[str, Any]:
    """The response of /metrics-summary."""
    async with talk.frontdesk.client(user, admin=admin) as client:
        response = await client.get("/metrics-summary", params={"range": span})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def figures(turns: list[Seen]) -> dict[str, Any]:
    """The metrics that can be computed from outside."""
    outcomes = Counter(one.outcome for one in turns)
    usages = [one.done["usage"] for one in turns if one.done and one.outcome not in AWAY]
    counted = [usage for usage in usages if not usage["estimated"]]
    return {
        "total_requests": len(turns),
        "success_rate": round(100 * (outcomes["done"] + outcomes["stopped"]) / len(turns), 2),
        "outcomes": {name: outcomes[name] for name in ("done", "stopped", *AWAY, "failed", "fallback")},
        "counted": (len(counted), sum(usage["prompt_tokens"] + usage["completion_tokens"] for usage in counted)),
    }


def told(found: dict[str, Any]) -> dict[str, Any]:
    """The same metrics from the response."""
    counted = found["tokens"]["turns"], found["tokens"]["counted"]
    names = ("total_requests", "success_rate", "outcomes")
    return {**{name: found[name] for name in names}, "counted": counted}


def percentile(values: Iterable[int], share: float) -> float:
    """Interpolated between the neighbouring values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (place - int(place)) * (high - low)


async def test_a_users_summary_is_what_they_saw(talk: Talk, ada: UUID) -> None:
    """In total and by the employee that answered: outcomes, success, times, tokens, error codes."""
    turns, found = talk.seen[ada], await summary(talk, ada)
    assert (found["range"], found["hours"]) == ("24h", 24)
    assert told(found["totals"]) == figures(turns)
    by_employee = {one["employee_slug"]: told(one) for one in found["data"]}
    assert by_employee == {
        slug: figures([one for one in turns if one.employee == slug]) for slug in {one.employee for one in turns}
    }
    ran = [one.done for one in turns if one.outcome not in AWAY]
    totals = found["totals"]
    assert totals["avg_latency_ms"] == pytest.approx(sum(one["latency_ms"] for one in ran) / len(ran), abs=1)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        latencies, firsts = ([one[key] for one in ran if one[key] is not None] for key in ("latency_ms", "ttft_ms"))
        assert totals[f"{name}_latency_ms"] == pytest.approx(percentile(latencies, share), abs=1)
        assert totals[f"{name}_ttft_ms"] == pytest.approx(percentile(firsts, share), abs=1)
    assert totals["error_codes"] == {"blocked": 1, "model_rejected": 1, "rate_limited": 1}
    assert "sizes" not in found


async def test_a_misroute_is_counted_for_the_employee_that_was_replaced(talk: Talk, ada: UUID) -> None:
    """One answer of Tag's was asked of another employee."""
    found = await summary(talk, ada)
    assert found["totals"]["misroutes"] == 1
    assert {one["employee_slug"] for one in found["data"] if one["misroutes"]} == {"tag"}


async def test_an_administrators_summary_is_what_all_users_saw(talk: Talk, ada: UUID, bob: UUID) -> None:
    """The same for every administrator, with the size on disk, and equal to the table."""
    turns = talk.seen[ada] + talk.seen[bob]
    found = await summary(talk, bob, admin=True)
    assert told(found["totals"]) == figures(turns)
    assert found["totals"]["error_codes"]["internal"] == 1
    assert found["sizes"]["checkpoints"] > 0
    assert found["sizes"]["journal"] > 0
    assert told((await summary(talk, bob))["totals"]) == figures(talk.seen[bob])
    in_table = await row(
        talk.frontdesk.service.url,
        "select count(*), sum(prompt_tokens_est + completion_tokens_est), round(avg(latency_ms)) from xai_chat_metrics"
        " where outcome not in ('limited', 'refused')",
    )
    assert in_table[:2] == (len(turns) - 2, found["totals"]["total_tokens_est"])
    assert found["totals"]["avg_latency_ms"] == pytest.approx(float(in_table[2]), abs=1)
    assert not [text for text in (str(ada), str(bob)) if text in str(found)]


@pytest.mark.parametrize(("span", "count", "step"), [("24h", 24, 3600), ("7d", 28, 6 * 3600)])
async def test_the_series_adds_up_to_the_totals(talk: Talk, ada: UUID, span: str, count: int, step: int) -> None:
    """Steps without a turn are included, and no turn is in two steps."""
    found = await summary(talk, ada, span)
    series, totals = found["series"], found["totals"]
    assert len(series) == count
    times = [datetime.fromisoformat(point["at"]).timestamp() for point in series]
    assert times == [times[0] + step * number for number in range(count)]
    assert [point["turns"] for point in series] == [0] * (count - 1) + [totals["total_requests"]]
    assert series[-1]["failures"] == sum(totals["outcomes"][name] for name in (*AWAY, "failed", "fallback"))
    assert series[-1]["p95_latency_ms"] == totals["p95_latency_ms"]
    assert series[0] == {**series[0], "failures": 0, "p50_latency_ms": None, "p95_latency_ms": None}


@pytest.mark.parametrize("span", ["", "1h", "24H", "7d ", "24", "168h", "7d; drop table chat_users"])
async def test_another_range_is_refused(frontdesk: Frontdesk, ada: UUID, span: str) -> None:
    """The detail names the accepted ranges."""
    async with frontdesk.client(ada) as client:
        refused = await client.get("/metrics-summary", params={"range": span})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert refused.json()["detail"] == "range: takes 24h or 7d"


@pytest.mark.parametrize("path", ["/metrics-summary", "/insights"])
async def test_metrics_need_a_token(frontdesk: Frontdesk, path: str) -> None:
    """Without one the response is 401."""
    async with frontdesk.client(None) as client:
        refused = await client.get(path)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_insights_are_the_users_own_last_week(talk: Talk, ada: UUID, bob: UUID) -> None:
    """Their stored messages and who answered; refused messages do not count."""
    async with talk.frontdesk.client(ada) as client:
        found = (await client.get("/insights")).json()
    kept = [one for one in talk.seen[ada] if one.outcome not in AWAY]
    today = datetime.now(UTC).date().isoformat()
    assert (found["days"], found["active_days"], found["active_dates"]) == (7, 1, [today])
    assert (found["messages"], found["facts_learned"]) == (len(kept), 1)
    assert found["conversations"] == len({one.done["conversation_id"] for one in kept})
    assert found["top_employees"][0] == {"employee_slug": "ledger", "answers": 2}
    async with talk.frontdesk.client(bob) as client:
        his = (await client.get("/insights")).json()
    assert (his["messages"], his["facts_learned"], his["top_employees"]) == (
        2, 0, [{"employee_slug": "ledger", "answers": 1}]
    )  # fmt: skip
