"""The words of questions, from `vocabulary.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_READ = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))

FILLER = frozenset[str](_READ["filler"].split())
CONCEPTS: Mapping[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _READ["concepts"].items()}
"""What questions are about: the words of each concept."""
TIMES, TOPICS, PERIOD_WORDS, CAREFUL, GENERIC, NO_NAMES, NO_TOPIC = (
    frozenset[str](_READ["words"][name].split())
    for name in ("times", "topics", "periods", "careful", "generic", "no_names", "no_topic")
)
WORDS = FILLER.union(TIMES, TOPICS, *CONCEPTS.values())
"""All that the grammar knows: they are right as they are spelt, and alone name no merchant."""
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    slug: tuple(phrase.strip() for phrase in phrases.split(",")) for slug, phrases in _READ["synonyms"].items()
}
"""Other words for a category, by its slug."""
