"""The rules for clear prompt injections and jailbreaks, read from rules.toml."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import re2

FILE = Path(__file__).with_name("rules.toml")


class Rule(NamedTuple):
    """One kind of attack; any of its patterns is enough."""

    name: str
    patterns: tuple[str, ...]


class Rules(NamedTuple):
    """All rules, by what they are matched with."""

    english: Sequence[Rule]
    latin: Sequence[Rule]
    """Of other languages in Latin letters, and what stands by itself in any."""
    own_script: Sequence[Rule]
    """Of languages in their own script."""
    targets: Sequence[Rule]
    """What attacks are about, which by itself is none."""
    squeezed: Sequence[Rule]
    """For texts of single letters, without anything between these."""


def read_rules() -> Rules:
    """Read the rules, with each `<name>` replaced by the words that it stands for."""
    read: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    words: dict[str, str] = read["words"]

    def rules(table: dict[str, list[str]]) -> Sequence[Rule]:
        return [Rule(name, tuple(_filled(pattern, words) for pattern in table[name])) for name in table]

    return Rules(*(rules(read[name]) for name in Rules._fields))


def compiled(patterns: tuple[str, ...]) -> Any:
    """One pattern for RE2 that matches what any of these does; it searches bytes."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # a byte is a character, so that gaps stay small automata
    options.never_capture = True
    options.max_mem = 1 << 22  # bytes; RE2 forgets what is beyond, and a text made to fill them costs no more
    options.log_errors = False  # RE2 would print that they are full, and works on without them
    return re2.compile("|".join(patterns).encode(), options)


def _filled(pattern: str, words: dict[str, str]) -> str:
    return re.sub("<([a-z_]+)>", lambda place: words.get(place[1], place[0]), pattern)
