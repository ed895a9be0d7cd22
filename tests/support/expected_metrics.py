"""What turns add up to, in plain Python: each figure from the turns themselves."""

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, get_args

from storage.metrics import REJECTED, Outcome, TurnMetrics


def figures(turns: Sequence[TurnMetrics]) -> dict[str, Any]:
    """All that is told of turns but for the misroutes."""
    ran = [turn for turn in turns if turn["outcome"] not in REJECTED]
    latencies = [turn["latency_ms"] for turn in ran]
    firsts = [turn["ttft_ms"] for turn in ran if turn["ttft_ms"] is not None]
    outcomes = Counter(turn["outcome"] for turn in turns)
    return {
        "total_requests": len(turns),
        "success_rate": percent(sum(turn["success"] for turn in turns), len(turns)),
        "avg_latency_ms": round(sum(latencies) / len(latencies)) if latencies else None,
        "p50_latency_ms": percentile(latencies, 0.5),
        "p95_latency_ms": percentile(latencies, 0.95),
        "p99_latency_ms": percentile(latencies, 0.99),
        "p50_ttft_ms": percentile(firsts, 0.5),
        "p95_ttft_ms": percentile(firsts, 0.95),
        "p99_ttft_ms": percentile(firsts, 0.99),
        "total_tokens_est": sum(map(estimated, ran)),
        "tokens": tokens(ran),
        "outcomes": {name: outcomes[name] for name in get_args(Outcome)},
    }


def percent(some: int, of: int) -> float | None:
    """Two places, a half rounded up."""
    return float((Decimal(100 * some) / of).quantize(Decimal("0.01"), ROUND_HALF_UP)) if of else None


def percentile(values: Sequence[int], share: float) -> int | None:
    """Between the values on both sides of it."""
    if not values:
        return None
    ordered, place = sorted(values), share * (len(values) - 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(values) - 1)]
    return round(low + (place - int(place)) * (high - low))


def estimated(turn: TurnMetrics) -> int:
    """Its tokens by our count."""
    return turn["prompt_tokens_est"] + turn["completion_tokens_est"]


def tokens(ran: Sequence[TurnMetrics]) -> dict[str, int]:
    """Our count beside the model's, of turns of which both are known."""
    both = [
        (estimated(turn), turn["prompt_tokens"] + turn["completion_tokens"])
        for turn in ran
        if turn["prompt_tokens"] is not None and turn["completion_tokens"] is not None
    ]
    return {"turns": len(both), "estimated": sum(ours for ours, _ in both), "counted": sum(its for _, its in both)}


def error_codes(turns: Sequence[TurnMetrics]) -> dict[str, int]:
    """How often each was given."""
    return Counter(turn["error_code"] for turn in turns if turn["error_code"] is not None)
