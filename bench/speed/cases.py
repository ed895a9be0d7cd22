"""The cases, and how one is measured at one server."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.speed.findings import Figures
from bench.speed.load import Answered, Markers, Plan, run_load

EVENTS = Markers(token="event: token", end="event: done")  # noqa: S106 - no password
BYTES = Markers(token='"content":"You', end="data: [DONE]")  # noqa: S106
GAP = 0.3
"""Seconds after which what follows an answer is over."""


@dataclass(frozen=True)
class Case:
    """How turns are sent and how the model streams.

    Attributes:
        tokens, pace: of an answer, and seconds between two of them.
        clients: how many ask at once.
        turns: in a round.
        gap: seconds between an answer and the next request of its client.
    """

    tokens: int = 200
    pace: float = 0.0
    clients: int = 1
    turns: int = 20
    gap: float = 0.0


CASES: Mapping[str, Case] = {
    "short": Case(tokens=16),
    "alone": Case(),
    "spaced": Case(turns=12, gap=GAP),
    "eight": Case(clients=8, turns=32),
    "crowd": Case(clients=32, turns=96),
    "slow": Case(pace=0.01, clients=8, turns=24),
}


@dataclass
class Target:
    """A server to measure.

    Attributes:
        cpu: seconds of CPU so far, Postgres included; `database_cpu`: Postgres alone.
        requests: makes so many requests.
        settled: returns when nothing is left to be done.
    """

    port: int
    markers: Markers
    cpu: Callable[[], float]
    database_cpu: Callable[[], float]
    requests: Callable[[int], list[str]]
    settled: Callable[[], Awaitable[None]]


async def measure(target: Target, case: Case) -> Figures:
    """A round of a case."""
    (figures,) = await measure_in_turn(target, case, [target.requests(case.turns)])
    return figures


async def measure_in_turn(target: Target, case: Case, kinds: Sequence[Sequence[str]]) -> list[Figures]:
    """A round in which requests of several kinds take turns; their CPU is not told apart, their times are."""
    requests = [request for each in zip(*kinds, strict=True) for request in each]
    cpu, database_cpu = target.cpu(), target.database_cpu()
    result = await run_load(Plan(target.port, case.clients, case.gap, target.markers, requests))
    await target.settled()
    cpu, database_cpu = target.cpu() - cpu, target.database_cpu() - database_cpu
    return [
        Figures(
            cpu=cpu / len(requests) * 1000,
            database_cpu=database_cpu / len(requests) * 1000,
            per_second=len(requests) / result.seconds,
            first=_median_ms(answers, lambda answer: answer.first - answer.sent),
            done=_median_ms(answers, lambda answer: answer.end - answer.last),
        )
        for answers in (result.answers[kind :: len(kinds)] for kind in range(len(kinds)))
    ]


def _median_ms(answers: Sequence[Answered], seconds: Callable[[Answered], float]) -> float:
    return statistics.median(map(seconds, answers)) * 1000
