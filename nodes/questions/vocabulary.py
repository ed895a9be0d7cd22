"""The words of questions, from `vocabulary.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_READ = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))

WORDS, TIMES, TOPICS, PERIOD_WORDS, CAREFUL, GENERIC, NO_NAMES, FILLER, FOLLOW_UP = (
    frozenset[str](_READ[name].split())
    for name in ("any", "times", "topics", "periods", "careful", "generic", "no_names", "filler", "follow_up")
)
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    slug: tuple(phrase.strip() for phrase in phrases.split(",")) for slug, phrases in _READ["synonyms"].items()
}
"""Other words for a category, by its slug."""
