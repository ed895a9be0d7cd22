"""Words that restrict what a question asks for, and that no slot took: with them a sum would be of something else.

A word that no example has is such a word where a preposition names what was paid for, who was paid, or where. Other new
words (verbs, adverbs, exclamations) say a known thing in another way, and the classifier reads those.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from nodes.questions.asked import Asked
from nodes.questions.ends import TO_COME
from nodes.questions.examples import TOPICS
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import FILLER, WORDS

_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_READ = tomllib.loads(Path(__file__).with_name("restrictions.toml").read_text(encoding="utf-8"))
_RESTRICTS = re.compile(rf"\b(?:{'|'.join([*_READ['parts'], *_READ['times'], *_READ['conditions']])})\b")
_PER = re.compile(rf"\b(?:per|each|every|an?|by the) (?:{'|'.join(_READ['units'].split())})s?\b")
_OTHERS = re.compile(
    r"\b(?:my|our|his|her|their|the|your|other) (?:[a-z]+ )?"
    rf"(?:{'|'.join(_READ['people'].split())})(?:'s?)?\b(?! (?:account|card))"
)
_NUMBER = re.compile(r"(?<!next )\b\d[\d.,]*\b")
_NUMBER_OF_SOME = re.compile(r"(?<!next )(?<!all )(?<!both )\b\d[\d.,]*\b")
_WORD = re.compile(r"(?<![\w'])[a-zà-ÿ][a-zà-ÿ'’]*(?:-[a-zà-ÿ]+)*")
STORED = Path(__file__).with_name("known_words.json")
"""Written by `make train`."""
MIN_USES = 2
"""In how many examples a word has to be to be known."""
_THINGS = frozenset(_READ["things"].split())
_FUNCTIONS = frozenset(_READ["functions"].split())
_NAMED = re.compile(
    r"\b(?:on|for|in|at|from|of|with|by|to|about|via|under|off|and|or)"
    r"(?: (?:the|my|our|an?|some|all|any|those|that|this))*"
    r" (?P<words>[a-zà-ÿ'-]+(?: [a-zà-ÿ'-]+)?)"
)
"""A preposition and what it names, an adjective before it."""
_HEADS = re.compile(r"^[a-zà-ÿ'-]+(?= (?:PERIOD|in total|totals?|spen[dt]\w*|costs?|bills?|payments?)\b)")
"""What a question without a verb begins with: "ikea total"."""
_SUMS = frozenset({"totals", "payments", "largest", "compare", "forecast", "due", "vat"})
_NO_NOUN = re.compile(r"(?:ly|est|ing|ed|n't)$")


@cache
def known_words() -> frozenset[str]:
    """The words of examples that can be answered, and the usual ones."""
    return frozenset(_stored()["known"]).union(WORDS)


@cache
def document_words() -> frozenset[str]:
    """The words of questions for documents that say nothing of what they are about."""
    return frozenset(_stored()["documents"]) | _FUNCTIONS | FILLER | {"people"}


@cache
def _stored() -> Mapping[str, Sequence[str]]:
    stored: Mapping[str, Sequence[str]] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


def words_of(examples: Mapping[str, Sequence[str]], names: Collection[str]) -> dict[str, list[str]]:
    """What `make train` stores of the examples: reading them takes a tenth of a second.

    Args:
        names: of shops and places, which are no words of questions.
    """
    known = _used(text for frame, texts in examples.items() if frame != "unsupported" for text in texts)
    documents = _used(text for frame in ("find_document", "list_documents") for text in examples[frame])
    topics = {*" ".join(TOPICS).split(), *_READ["topics"].split()}
    return {"known": sorted(known - set(names) - _THINGS), "documents": sorted(documents - topics)}


def _used(texts: Iterable[str]) -> set[str]:
    uses = Counter(word for text in texts for word in {*_WORD.findall(text)})
    return {word for word, count in uses.items() if count >= MIN_USES}


def restricting(reading: Reading, asked: Asked) -> list[str]:
    """What of a question restricts what its tool would compute, without a slot of its own."""
    if asked.tool == "find_in_documents":
        return []
    numbers = _NUMBER if asked.tool in _SUMS else _NUMBER_OF_SOME
    found = [one[0] for like in (_RESTRICTS, _PER, _OTHERS, numbers) for one in like.finditer(reading.masked)]
    of_all = (asked.tool == "recurring" and not asked.focus) or (
        asked.tool == "forecast" and not asked.arguments.keys() & {"categories", "merchant", "account"}
    )
    if not asked.arguments or of_all:  # nothing of the question is in the call, so every word has to be known
        found += _unknown(_WORD.findall(TO_COME.sub(" ", reading.masked)))
    elif asked.tool in _SUMS:
        looked_for = str(asked.arguments.get("merchant", "")).split()
        found += [word for word in unknown_nouns(reading) if word not in looked_for]
    return list(dict.fromkeys(found))


def unknown_words(reading: Reading) -> list[str]:
    """The words of no example, wherever they stand."""
    return _unknown(_WORD.findall(reading.masked))


def unknown_nouns(reading: Reading) -> list[str]:
    """The words of no example that stand where what was paid for, who was paid, or where is named."""
    named = [word for found in _NAMED.finditer(reading.masked) for word in found["words"].split()]
    return _unknown([*_HEADS.findall(reading.masked), *named])


def _unknown(words: Sequence[str]) -> list[str]:
    known = known_words() | _FUNCTIONS
    return [word for word in words if word not in known and len(word) > 2 and not _NO_NOUN.search(word)]
