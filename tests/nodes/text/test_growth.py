"""No text is slow: the work of each stage is linear in the length of the text, counted in calls and not timed."""

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from nodes import guard
from nodes.injection import decoding, detect
from nodes.routing import keywords
from nodes.text import cleaning, extractive_summary, salient_words, stated_facts
from nodes.text.cleaning import MAX_MARKS
from nodes.text.pii import (
    cards,
    codes,
    contacts,
    context,
    detection,
    ibans,
    id_types,
    masking,
    national_ids,
    normalizing,
    passwords,
    punctuated,
    secret_stream,
    secrets,
    spoken,
    window,
)
from tests.nodes.text.growth import LONG, SHORT

MODULES = [
    guard, cards, cleaning, codes, contacts, context, decoding, detect, detection, extractive_summary,
    ibans, keywords, id_types, masking, national_ids, normalizing, passwords, punctuated, secret_stream,
    secrets, spoken, salient_words, stated_facts, window,
]  # fmt: skip
WINDOWED = (masking._PREFIX, masking.CAPITALS, masking._SPACED_CAPITALS, secrets._OTHER_BEGUN, secret_stream._EMAIL)
"""Patterns that read what a stream holds back, and its context, only."""
_parser: Any = importlib.import_module("re._parser")
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
ONE_CHARACTER = ("IN", "LITERAL", "NOT_LITERAL", "ANY")
pytestmark = pytest.mark.xdist_group("growth")  # so that everything is counted once


@pytest.fixture(scope="module")
def counted() -> list[dict[str, Any]]:
    """The counts for each unit, by a process of its own with a limit on CPU time."""
    command = [sys.executable, "-m", "tests.nodes.text.growth"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"ended by {done.returncode} at {lines[-1:]}: {done.stderr[-2000:]}"
    return [line for line in lines if "unit" in line]


def test_eight_times_the_text_is_eight_times_the_work(counted: list[dict[str, Any]]) -> None:
    """For every stage of a turn and every unit; fewer than three calls a character always pass."""
    grown = LONG // SHORT
    slow = [
        f"{line['unit']!a}: {stage} {short} to {long}"
        for line in counted
        for stage, (short, long) in line["calls"].items()
        if long > max(1.2 * grown * short, 3 * LONG)
    ]
    assert slow == []


def test_eight_times_the_body_is_eight_times_the_work(counted: list[dict[str, Any]]) -> None:
    """The guard searches all of 256 KiB for hidden characters, and only what it may keep for everything else."""
    slow = [
        f"{line['unit']!a}: {small} to {large}"
        for line in counted
        for small, large in [[body["calls"] for body in line["bodies"]]]
        if large > max(1.2 * 8 * small, 3 * LONG)
    ]
    assert slow == []


def test_little_more_than_what_is_kept_is_normalised(counted: list[dict[str, Any]]) -> None:
    """Up to four characters become one: three rounds and one to check; the rules read two forms, one recomposed."""
    most = 12 * (SHORT + guard.MARGIN)
    assert [(line["unit"], line["bodies"]) for line in counted if line["bodies"][-1]["normalised"] > most] == []


def test_no_long_run_of_marks_is_left(counted: list[dict[str, Any]]) -> None:
    """For any mix of marks, joiners and letters with marks: Postgres would take quadratic time to normalise it."""
    assert [(line["unit"], line["bodies"]) for line in counted if line["bodies"][-1]["marks"] > MAX_MARKS] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_no_pattern_can_be_slow(module: ModuleType) -> None:
    """What `re` matches is bounded, or ends in a run of one class, so that backtracking is bounded."""
    for pattern, flags in patterns(module):
        assert list(faults(_parser.parse(pattern, flags))) == [], pattern


@pytest.mark.parametrize(
    "pattern",
    [r"\n\s*#", r"(?:\w[ _]{1,2}){3,40}\w", r"(?:a|ab)*c", r"(?:x+y?)+", r"(?=\w+b)", r"(?:a?){20}", r"[a-z]+@"],
)
def test_a_pattern_that_can_be_slow_is_detected(pattern: str) -> None:
    """An unbounded repeat with something after it, or a repeat inside a repeat that can backtrack."""
    assert list(faults(_parser.parse(pattern))) != []


def test_the_injection_rules_do_not_run_on_re() -> None:
    """Their repeats are unbounded, which is safe only in an engine without backtracking."""
    found = [pattern for rules in (detect._ENGLISH, detect._LATIN, detect._OWN_SCRIPT) for _, pattern in rules]
    assert found
    assert not any(isinstance(pattern, re.Pattern) for pattern in found)


def patterns(module: ModuleType) -> Iterator[tuple[str, int]]:
    """The patterns that a module holds, and those that its functions pass to `re` as literals."""
    for value in vars(module).values():
        found = [pattern for pattern in compiled(value) if pattern not in WINDOWED]
        yield from ((pattern.pattern, pattern.flags & ~re.UNICODE) for pattern in found)
    functions = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.FunctionDef)]
    for node in [node for function in functions for node in ast.walk(function)]:
        match node:
            case ast.Call(ast.Attribute(ast.Name("re")), [ast.Constant(str(pattern)), *_]):
                yield pattern, 0
            case ast.Call(ast.Attribute(ast.Name("re"))):
                pytest.fail(f"line {node.lineno} makes a pattern that cannot be read here")
            case _:
                pass


def compiled(value: object) -> Iterator[re.Pattern[str]]:
    """The patterns in a value, however deep in tuples."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from compiled(entry)


def faults(items: Any, *, followed: bool = False, inside: bool = False) -> Iterator[str]:
    """Why a parsed pattern can be slow.

    Args:
        items: of the pattern, or of a part of it.
        followed: whether something after the part can fail, which makes it backtrack.
        inside: whether the part is in a repeat.
    """
    items = list(items)
    for place, (kind, given) in enumerate(items):
        rest = followed or place < len(items) - 1
        match str(kind):
            case "SUBPATTERN":
                yield from faults(given[-1], followed=rest, inside=inside)
            case "BRANCH":
                for branch in given[1]:
                    yield from faults(branch, followed=rest, inside=inside)
            case "ASSERT" | "ASSERT_NOT":
                yield from faults(given[1], followed=True, inside=inside)
            case "ATOMIC_GROUP":
                yield from faults(given, followed=rest, inside=inside)
            case repeat if repeat in REPEATS:
                least, most, part = given
                if most == _parser.MAXREPEAT and (rest or len(part) > 1 or str(part[0][0]) not in ONE_CHARACTER):
                    yield f"{part} without end"
                if inside and least != most and repeat != "POSSESSIVE_REPEAT":
                    yield f"{part} again and again"
                yield from faults(part, followed=True, inside=inside or most > 1)
            case _:
                pass
