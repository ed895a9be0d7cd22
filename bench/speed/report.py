"""The findings as Markdown tables."""

import os
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from bench.speed.findings import Figures, Findings, Rounds, Server
from bench.speed.pasts import DESK, FIRST, GROWN, LARGE, LARGE_USERS, MANY, NEW, TITLES, TOOL
from bench.speed.seed import GROWN_TURNS, MANY_FACTS

INTRODUCTION = """\
# Performance

What a turn costs with everything on, beside applications that only ask a model. `make bench` made all figures of this
page in one run, and writes them here with `make bench BENCH="--write docs/performance.md"`. On another machine, or on a
busy one, look at the ratios.
"""
EXPLANATION = """
## What is measured

- **The model** is a stand-in on the same machine that answers at once, or a token each 10 ms: prose with some
  amounts. It summarises each turn and finds one new fact in each message.
- **Frontdesk** runs as `frontdesk serve` on an embedded PostgreSQL with its defaults: bearer tokens, the rate limit on
  (too high to be met), local embeddings, facts learned and recalled, a summary each turn.
- **The others** are Litestar under uvicorn with a POST /chat each, in one process: the model's bytes passed on, the
  openai package, and langchain-openai's `ChatOpenAI`. They know no user and store nothing.
- **CPU** is that of the server's processes and of all Postgres' processes, read when summaries and facts are stored,
  divided by the turns. What the server does in the background is in it.
- **First token** and **`done`** are seen by the client. One that pauses waits 0.3 s before each message.
- **A ratio** is the median of the ratios within each round; all servers are measured in each round, one after another.
- **Statements** and **round trips** are counted by a proxy before Postgres, in a run of their own; what an idle server
  sends in that time is taken off. Round trips that run side by side are counted one by one.
- **Memory** is without Postgres. An open stream is one that has its first token and waits for the second.

`bench/speed/` is the benchmark; `make bench BENCH="--case alone --rounds 5"` measures one case.
"""

BY_HAND = "## What was tried and did not help"
"""The first heading of what is written by hand."""

COLUMNS = {"passthrough": "bytes passed on", "sdk": "openai", "chatopenai": "ChatOpenAI", "frontdesk": "Frontdesk"}

Figure = Callable[[Figures], float]
_CPU: Figure = attrgetter("cpu")
_DATABASE_CPU: Figure = attrgetter("database_cpu")
_PER_SECOND: Figure = attrgetter("per_second")
_FIRST: Figure = attrgetter("first")
_DONE: Figure = attrgetter("done")

LINES: Sequence[tuple[str, str, Figure]] = (
    ("CPU, ms a turn: 16 tokens at once, one client", "short", _CPU),
    ("CPU, ms a turn: 200 tokens at once, one client", "alone", _CPU),
    ("… of which Postgres", "alone", _DATABASE_CPU),
    ("CPU, ms a turn: 200 tokens at once, 8 clients", "eight", _CPU),
    ("CPU, ms a turn: 200 tokens at once, 32 clients", "crowd", _CPU),
    ("… of which Postgres", "crowd", _DATABASE_CPU),
    ("CPU, ms a turn: 200 tokens, one each 10 ms, 8 clients", "slow", _CPU),
    ("… of which Postgres", "slow", _DATABASE_CPU),
    ("turns a second: 200 tokens at once, 8 clients", "eight", _PER_SECOND),
    ("turns a second: 200 tokens at once, 32 clients", "crowd", _PER_SECOND),
    ("first token, ms: one client that pauses", "spaced", _FIRST),
    ("`done` after the last token, ms: one client that pauses", "spaced", _DONE),
    ("`done` after the last token, ms: one token each 10 ms, 8 clients", "slow", _DONE),
)
"""Title, case, and what of it is shown."""


def report(findings: Findings) -> str:
    """All tables of what was measured."""
    parts = [_peers(findings), _alone(findings), _pasts(findings.pasts)]
    return "\n\n".join(part for part in parts if part)


def document(findings: Findings, rounds: int, load: float, before: str) -> str:
    """docs/performance.md anew.

    Args:
        load: the machine's load average before.
        before: the document as it is; what was written by hand stays.
    """
    today = datetime.now(UTC).date().isoformat()
    made = f"{today}, {_machine(findings.postgres)}, load average before it {load:.1f}; medians of {rounds} rounds."
    by_hand = before.partition(BY_HAND)
    return f"{INTRODUCTION}\n{made}\n\n{report(findings)}\n{EXPLANATION}\n{''.join(by_hand[1:])}".rstrip() + "\n"


def _machine(postgres: str) -> str:
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    cpu = names[0] if names else platform.machine()
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, PostgreSQL {postgres}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _peers(findings: Findings) -> str:
    rows: list[list[str]] = []
    for title, case, figure in LINES:
        if rounds := findings.cases.get(case):
            medians = [_number(_median(rounds[name], figure)) for name in COLUMNS]
            rows.append([title, *medians, _ratio(rounds["frontdesk"], rounds["chatopenai"], figure)])
    return _table(["", *COLUMNS.values(), "Frontdesk ÷ ChatOpenAI"], rows)


def _alone(findings: Findings) -> str:
    columns = [_server(findings.one), _server(findings.two)]
    rows = [[title, *(column.get(title, "–") for column in columns)] for title in columns[0] | columns[1]]
    if counted := findings.statements:
        rows += [
            ["statements a second, idle", _number(counted.idle_per_second), "–"],
            ["statements a turn", _number(counted.per_turn), "–"],
            ["round trips to Postgres before the first token", _number(counted.round_trips_before_first), "–"],
        ]
    rows.append(["requests to the model a turn", _number(findings.model_calls), "–"])
    return _table(["Frontdesk", "one process", "two processes"], rows)


def _server(server: Server) -> dict[str, str]:
    """Titles and cells."""
    cells: dict[str, str] = {}
    if server.crowd:
        ours, base = server.crowd["frontdesk"], server.crowd["chatopenai"]
        for title, figure in (("CPU, ms a turn", _CPU), ("turns a second", _PER_SECOND)):
            shown = f"{_number(_median(ours, figure))} ({_ratio(ours, base, figure)} of ChatOpenAI in one process)"
            cells[f"{title}: 200 tokens at once, 32 clients"] = shown
    if server.idle_cpu is not None and server.idle_database_cpu is not None:
        shown = f"{_number(server.idle_cpu)}, of which Postgres {_number(server.idle_database_cpu)}"
        cells["CPU, ms a second, idle"] = shown
    if server.memory:
        cells["memory, MB, idle: resident"] = _number(server.memory.resident / 1024)
        cells["memory, MB, idle: with what is shared divided (PSS)"] = _number(server.memory.proportional / 1024)
    if server.stream_kb is not None:
        cells["memory, KB for each open stream"] = _number(server.stream_kb)
    return cells


def _pasts(pasts: Rounds) -> str:
    if not pasts:
        return ""
    rows = [
        [TITLES[kind], *(_number(_median(rounds, figure)) for figure in (_FIRST, _CPU, _DATABASE_CPU))]
        for kind, rounds in pasts.items()
    ]
    table = _table(["200 tokens at once, one client", "first token, ms", "CPU, ms a turn", "of which Postgres"], rows)
    return "\n\n".join([table, "\n".join(f"- {line}" for line in _growth(pasts))])


def _growth(pasts: Rounds) -> Iterator[str]:
    first, cpu = (_ratio(pasts[GROWN], pasts[FIRST], figure) for figure in (_FIRST, _CPU))
    tool = _ratio(pasts[TOOL], pasts[DESK], _CPU)
    yield f"A turn with one tool call against one without, of the same users: CPU {tool}."
    yield f"Turn {GROWN_TURNS + 1:,} against turn 1 of the same users: first token {first}, CPU {cpu}."
    for kind, facts in (
        (MANY, f"{MANY_FACTS:,} facts of one user"),
        (LARGE, f"a million facts of {LARGE_USERS:,} users"),
    ):
        if kind in pasts:
            more = statistics.median(of.first - new.first for of, new in zip(pasts[kind], pasts[NEW], strict=True))
            yield f"Recall among {facts}: first token {more:+.1f} ms against a new user's."


def _median(rounds: Sequence[Figures], figure: Figure) -> float:
    return statistics.median(map(figure, rounds))


def _ratio(rounds: Sequence[Figures], base: Sequence[Figures], figure: Figure) -> str:
    """The median of the ratios within each round, because a busy machine slows a whole round."""
    if not all(map(figure, base)):
        return "–"
    return f"{statistics.median(figure(ours) / figure(theirs) for ours, theirs in zip(rounds, base, strict=True)):.2f}"


def _number(value: float) -> str:
    return "–" if value == 0 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
