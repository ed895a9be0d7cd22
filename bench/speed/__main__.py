"""Measure Frontdesk beside bare model clients and print tables; see docs/performance.md.

.venv/bin/python -m bench.speed [--quick] [--case NAME]… [--rounds N] [--large] [--write FILE]
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.speed.bench import Options, run
from bench.speed.cases import CASES
from bench.speed.report import document, report

STAGES = ("past", "idle", "memory", "workers", "statements")
EVERYTHING = frozenset([*CASES, *STAGES])
FULL = Options(EVERYTHING, rounds=3, share=1.0, idle_seconds=20, streams=200, large=False)
QUICK = Options(EVERYTHING, rounds=1, share=0.5, idle_seconds=5, streams=50, large=False)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.speed", description="Frontdesk beside bare model clients.")
    parser.add_argument("--quick", action="store_true", help="one round, fewer turns: a minute or two")
    parser.add_argument("--case", action="append", choices=sorted(EVERYTHING), help="only this; may be repeated")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3; quick: 1)")
    parser.add_argument("--large", action="store_true", help="also with a million facts: some GB and minutes more")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables into this document, too")
    given = parser.parse_args()
    if given.write and given.case:
        parser.error("--write is for all cases")
    options = QUICK if given.quick else FULL
    options = replace(
        options,
        wanted=frozenset(given.case or EVERYTHING),
        rounds=given.rounds or options.rounds,
        large=given.large,
    )
    load = os.getloadavg()[0]
    findings = asyncio.run(run(options, _progress()))
    print(report(findings))
    if given.write:
        before = given.write.read_text(encoding="utf-8") if given.write.exists() else ""
        given.write.write_text(document(findings, options.rounds, load, before), encoding="utf-8")


def _progress() -> Callable[[str], None]:
    start = time.monotonic()
    return lambda what: print(f"{time.monotonic() - start:5.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
