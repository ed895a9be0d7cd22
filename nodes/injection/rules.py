"""The rules for clear prompt injections and jailbreaks, read from rules.toml."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("rules.toml")


class Rule(NamedTuple):
    """One kind of attack; any of its patterns is enough."""

    name: str
    patterns: tuple[str, ...]


class Rules(NamedTuple):
    """All rules, by what they are matched with."""

    english: Sequence[Rule]
    latin: Sequence[Rule]
    """Of other languages in Latin letters."""
    own_script: Sequence[Rule]
    """Of languages in their own script."""
    squeezed: Sequence[Rule]
    """For texts of single letters, without anything between these."""


def read_rules() -> Rules:
    """Read the rules, with each `<name>` replaced by the words that it stands for."""
    read: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    words: dict[str, str] = read["words"]

    def rules(table: dict[str, list[str]]) -> Sequence[Rule]:
        return [Rule(name, tuple(_filled(pattern, words) for pattern in table[name])) for name in table]

    return Rules(*(rules(read[name]) for name in Rules._fields))


def _filled(pattern: str, words: dict[str, str]) -> str:
    return re.sub("<([a-z_]+)>", lambda place: words.get(place[1], place[0]), pattern)
