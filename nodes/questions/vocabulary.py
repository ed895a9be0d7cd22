"""The words of questions, from `vocabulary.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_READ = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))

FILLER, PERIOD_WORDS, CAREFUL, GENERIC, NO_TOPIC = (
    frozenset[str](_READ[name].split()) for name in ("filler", "periods", "careful", "generic", "no_topic")
)
WORDS = FILLER.union(_READ["usual"].split())
"""All words of questions: they are right as they are spelt, and alone name no merchant."""
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    slug: tuple(phrase.strip() for phrase in phrases.split(",")) for slug, phrases in _READ["synonyms"].items()
}
"""Other words for a category, by its slug."""
MISSPELT: Mapping[str, str] = _READ["misspelt"]
"""Pattern of what is written instead of a word, by that word."""
