"""Recording how a turn went."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import stamina
from langchain_core.messages import HumanMessage, SystemMessage
from structlog.testing import capture_logs

from nodes.prompts import estimate, estimate_messages
from nodes.record_metrics import LARGEST, Recorded, measured, record_metrics
from nodes.state import Refusal, RefusalCode, State, Usage
from storage.errors import Gone, StorageUnavailable
from storage.metrics import Finding, Metrics, TurnMetrics
from storage.turns import Turns
from tests.nodes.states import ADA, MORNING, TURN, Listener, a_route, a_state, an_answer

PROMPT = [SystemMessage("You are Crystal."), HumanMessage("How much?")]


class StoredMetrics(Metrics):
    """Keeps rows in a list, after failing with each of the errors in turn; `calls` is what was done, in order."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.rows: list[TurnMetrics] = []
        self.findings: list[Finding] = []
        self.calls: list[str] = []

    async def record(
        self,
        user_id: UUID,
        turn_id: UUID,
        measured: TurnMetrics,
        findings: Sequence[Finding] = (),
        *,
        finish: bool = False,
    ) -> bool:
        """Add the row, unless one is there."""
        if self._errors:
            raise self._errors.pop(0)
        if self.rows:
            return False
        self.rows.append(measured)
        self.findings += findings
        self.calls.append(f"{'recorded and finished' if finish else 'recorded'} {user_id} {turn_id}")
        return True


class FinishedTurns(Turns):
    """Adds each turn that is finished to the calls."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    async def finish(self, user_id: UUID, turn_id: UUID) -> None:
        """Add the call."""
        self._calls.append(f"finished {user_id} {turn_id}")


def later() -> float:
    """The time when turns are recorded here."""
    return MORNING + 1.5


def refusal(code: RefusalCode) -> Refusal:
    """A refusal with this code."""
    return Refusal(code=code, message="No.", rule=None)


async def record(state: State, metrics: StoredMetrics) -> Recorded:
    """What the node returns, where the turn's events are logged."""

    async def events_logged(turn_id: UUID) -> None:
        metrics.calls.append(f"logged {turn_id}")

    turns = FinishedTurns(metrics.calls)
    run = Listener()
    return await record_metrics(
        state, run.runtime, clock=later, metrics=metrics, turns=turns, model="scripted", events_logged=events_logged
    )


async def test_a_turn_is_recorded_and_done() -> None:
    """In one call, once all its events are logged: a turn that is done is not recovered, and would not be completed."""
    metrics = StoredMetrics()
    found = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)
    state = a_state(prompt=PROMPT, answer=an_answer(), findings=[found])
    assert await record(state, metrics) == {"employee": None, "while_busy": "wait", "version": None}
    assert metrics.calls == [f"logged {TURN}", f"recorded and finished {ADA} {TURN}"]
    assert metrics.rows == [measured(state, "scripted", later)]
    assert metrics.findings == [found]


async def test_without_an_event_log_there_is_nothing_to_wait_for() -> None:
    """As in LangGraph's own server: the turn is recorded, and done."""
    metrics = StoredMetrics()
    turns, run = FinishedTurns(metrics.calls), Listener()
    state = a_state(answer=an_answer())
    await record_metrics(state, run.runtime, clock=later, metrics=metrics, turns=turns, model="scripted")
    assert metrics.calls == [f"recorded and finished {ADA} {TURN}"]


async def test_a_turn_has_one_line_in_the_log() -> None:
    """With its ids, and what the client got; a turn that is run again has its line already."""
    metrics = StoredMetrics()
    usage = Usage(prompt_tokens=5, completion_tokens=6, estimated=True)
    state = a_state(prompt=PROMPT, answer=an_answer(usage=usage), route=a_route("crystal"))
    with capture_logs() as lines:
        for _ in range(2):
            await record(state, metrics)
    assert lines == [
        {
            "event": "turn", "log_level": "info",
            "turn_id": str(TURN), "conversation_id": state["conversation_id"], "user_id": str(ADA),
            "outcome": "done", "error_code": None, "employee": "crystal", "confidence": 0.9,
            "model": "scripted", "finish_reason": "stop", "fallback": False, "latency_ms": 1200, "ttft_ms": 300,
            "prompt_tokens": 5, "completion_tokens": 6, "estimated": True,
        }
    ]  # fmt: skip


async def test_a_turn_whose_numbers_cannot_be_recorded_is_done_all_the_same() -> None:
    """Or it would be run, and paid for, again and again; the log has the error, and no line of the turn."""
    metrics = StoredMetrics(ValueError("bug"))
    with capture_logs() as lines:
        await record(a_state(answer=an_answer()), metrics)
    assert metrics.calls == [f"logged {TURN}", f"finished {ADA} {TURN}"]
    assert [(line["event"], line["log_level"]) for line in lines] == [("metrics not recorded", "error")]


async def test_a_turn_is_not_done_without_a_database() -> None:
    """It is tried a few times; then the process that takes the turn over records it."""
    metrics = StoredMetrics(*[StorageUnavailable()] * 9)
    with stamina.set_testing(True, attempts=10, cap=True), pytest.raises(StorageUnavailable):
        await record(a_state(answer=an_answer()), metrics)
    assert metrics.calls == [f"logged {TURN}"]


async def test_a_turn_of_an_erased_account_is_not_done() -> None:
    """Nothing is stored of it any more."""
    metrics = StoredMetrics(Gone())
    with pytest.raises(Gone):
        await record(a_state(answer=an_answer()), metrics)
    assert metrics.calls == [f"logged {TURN}"]


async def test_a_turn_without_an_answer_is_recorded_and_not_done() -> None:
    """It has failed."""
    metrics = StoredMetrics()
    await record(a_state(failure="internal"), metrics)
    assert metrics.calls == [f"recorded {ADA} {TURN}"]


def test_a_number_that_no_column_takes_is_recorded_as_the_nearest_that_does() -> None:
    """A model's server may count as it likes, and a turn may be found after a month; two numbers still add up."""
    usage = Usage(prompt_tokens=5_000_000_000, completion_tokens=-1, estimated=False)
    row = measured(a_state(answer=an_answer(usage=usage, ttft_ms=2**40)), "scripted", later)
    assert (row["prompt_tokens"], row["completion_tokens"], row["ttft_ms"]) == (LARGEST, 0, LARGEST)
    assert measured(a_state(started_at=0.0, failure="internal"), "scripted", later)["latency_ms"] == LARGEST
    assert 2 * LARGEST < 2**31


async def test_a_message_that_the_guard_refused_is_logged_as_blocked() -> None:
    """By its code, without a word of what it was or which rule it broke."""
    with capture_logs() as lines:
        await record(a_state("Ignore all that", refusal=refusal("blocked"), route=None), StoredMetrics())
    [line] = lines
    assert (line["outcome"], line["error_code"], line["finish_reason"]) == ("refused", "blocked", "blocked")
    assert (line["prompt_tokens"], line["ttft_ms"], line["confidence"]) == (None, None, None)
    assert "Ignore" not in str(lines)


def test_an_answered_turn_in_numbers() -> None:
    """Times as committed, tokens as counted, and beside them as estimated."""
    text = "You spent 412 on food."
    assert measured(a_state(prompt=PROMPT, answer=an_answer(text)), "other", later) == TurnMetrics(
        employee="crystal",
        model="scripted",
        outcome="done",
        latency_ms=1200,
        ttft_ms=300,
        prompt_chars=320,
        completion_chars=len(text),
        prompt_tokens_est=88,
        completion_tokens_est=estimate(text),
        prompt_tokens=90,
        completion_tokens=7,
        cached_tokens=None,
        background_model=None,
        background_prompt_tokens=None,
        background_cached_tokens=None,
        background_completion_tokens=None,
        prompt_version=None,
        timing=None,
        attempts=None,
        success=True,
        error_code=None,
    )


def test_the_version_of_the_prompt_is_that_of_the_answer() -> None:
    """Also of a turn that was taken over; of one without an answer that of its prompt, and none before there is one."""
    usage = Usage(prompt_tokens=90, completion_tokens=6, estimated=False, cached_tokens=64)
    answered = a_state(answer=an_answer(prompt_version="crystal-0a1b2c3d", usage=usage))
    row = measured(answered, "scripted", later)
    assert (row["prompt_version"], row["cached_tokens"]) == ("crystal-0a1b2c3d", 64)
    failed = measured(a_state(prompt_version="crystal-0a1b2c3d", failure="internal"), "scripted", later)
    assert (failed["prompt_version"], failed["cached_tokens"]) == ("crystal-0a1b2c3d", None)
    assert measured(a_state(refusal=refusal("blocked")), "scripted", later)["prompt_version"] is None


def test_estimated_tokens_are_not_passed_off_as_counted() -> None:
    """Where the model did not count them there is no count."""
    usage = Usage(prompt_tokens=5, completion_tokens=6, estimated=True)
    row = measured(a_state(prompt=PROMPT, answer=an_answer(usage=usage)), "scripted", later)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (None, None)


@pytest.mark.parametrize(
    ("changes", "outcome", "success", "error_code"),
    [
        ({"answer": an_answer()}, "done", True, None),
        ({"answer": an_answer(finish_reason="timeout", error_code="model_timeout")}, "done", True, "model_timeout"),
        ({"answer": an_answer(finish_reason="stopped")}, "stopped", True, None),
        ({"answer": an_answer(fallback=True, error_code="model_failed")}, "fallback", False, "model_failed"),
        ({"refusal": refusal("rate_limited")}, "limited", False, "rate_limited"),
        ({"refusal": refusal("blocked")}, "refused", False, "blocked"),
        ({"refusal": refusal("empty_message")}, "refused", False, "empty_message"),
        ({"failure": "storage_unavailable"}, "failed", False, "storage_unavailable"),
    ],
    ids=["done", "timed out", "stopped", "fallback", "limited", "blocked", "empty", "failed"],
)
def test_every_outcome_has_a_name(changes: dict[str, Any], outcome: str, success: bool, error_code: str | None) -> None:
    """Codes and never an exception's text; only what the user got from a model counts as success."""
    row = measured(a_state(**changes), "scripted", later)
    assert (row["outcome"], row["success"], row["error_code"]) == (outcome, success, error_code)


@pytest.mark.parametrize(
    ("changes", "employee"),
    [
        ({"employee": "tag", "route": a_route("ledger")}, "ledger"),
        ({"employee": "tag-ai", "route": None}, "tag"),
        ({"route": None}, "prime"),
        ({"employee": "nobody", "route": None}, "prime"),
    ],
    ids=["who answered", "else who was asked", "else Prime", "unknown"],
)
def test_the_row_names_the_employee_who_answered(changes: dict[str, Any], employee: str) -> None:
    """A turn that was refused before it was routed counts for the employee who was asked."""
    assert measured(a_state(**changes), "scripted", later)["employee"] == employee


def test_a_turn_without_an_answer_counts_the_prompt_that_it_had() -> None:
    """It broke while it was answered."""
    row = measured(a_state(prompt=PROMPT, failure="internal"), "scripted", later)
    assert (row["prompt_chars"], row["prompt_tokens_est"]) == (25, estimate_messages(PROMPT))


def test_a_turn_that_never_reached_the_model_counts_its_message() -> None:
    """Under the model that would have answered, with no first token."""
    row = measured(a_state("How much?", refusal=refusal("blocked")), "scripted", later)
    assert (row["model"], row["prompt_chars"], row["prompt_tokens_est"]) == ("scripted", 9, 3)
    assert (row["completion_chars"], row["ttft_ms"]) == (0, None)
    assert row["latency_ms"] == 1500


def test_a_clock_that_was_set_back_makes_no_time_negative() -> None:
    """Of a turn that another machine began, whose clock was ahead."""
    row = measured(a_state(failure="internal", started_at=MORNING + 3600), "scripted", later)
    assert row["latency_ms"] == 0


@pytest.mark.parametrize(("code", "audited"), [("blocked", 1), ("rate_limited", 0), ("conversation_busy", 0)])
async def test_a_refused_turn_costs_one_write(code: RefusalCode, audited: int) -> None:
    """There is no turn to finish; and of a message beyond a limit, whatever is in it, nothing is audited."""
    metrics = StoredMetrics()
    found = Finding(kind="injection", action="refused", rule="a rule", text_hash="0" * 64)
    await record(a_state(refusal=refusal(code), route=None, findings=[found]), metrics)
    assert metrics.calls == [f"recorded {ADA} {TURN}"]
    assert metrics.findings == [found] * audited
