"""The languages that prepared answers and replies are written in, and which of them a message gets.

All texts of a language stand in one file, which anyone can edit: `prepared.toml` is English, `prepared.de.toml` German.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from nodes.employees import Slug

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
FOLDER = Path(__file__).parent

_WORD = re.compile(r"\w+")


class Prepared(NamedTuple):
    """An answer that people prepared, and how users ask for it."""

    employee: Slug
    """Whose field and voice it is; the chosen employee says it."""
    asks: tuple[str, ...]
    says: str


class Reply(NamedTuple):
    """What an employee says where nothing better is there."""

    unreachable: str
    """The model that is set can't be reached."""
    without_model: str
    """No model is set, and no prepared answer fits."""


class Texts(NamedTuple):
    """Everything that is said in one language without a model."""

    words: frozenset[str]
    """Common words, by which the language is known."""
    filtered: str
    """What is said where a filter of the model's provider leaves nothing."""
    not_understood: str
    """What is said before questions that are understood, all of them English, where no model is set."""
    unexplained: str
    """What is said before that, where `{words}` are all that was not understood."""
    replies: Mapping[Slug, Reply]
    answers: tuple[Prepared, ...]


def file_of(language: Language) -> Path:
    """The file with the texts of this language."""
    return FOLDER / ("prepared.toml" if language == "en" else f"prepared.{language}.toml")


def read_texts(path: Path) -> Texts:
    """Read the texts of a language."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return Texts(
        words=frozenset(read["words"].split()),
        filtered=read["filtered"],
        not_understood=read["not_understood"],
        unexplained=read["unexplained"],
        replies={slug: Reply(**reply) for slug, reply in read["reply"].items()},
        answers=tuple(Prepared(entry["employee"], tuple(entry["asks"]), entry["says"]) for entry in read["answer"]),
    )


@cache
def texts_in(language: Language) -> Texts:
    """The texts of this language."""
    return read_texts(file_of(language))


def language_of(message: str, preferred: str | None = None) -> Language:
    """The language whose common words the message has most of; where they do not tell, the client's, or English."""
    words = set(_WORD.findall(message.casefold()))
    found: list[tuple[int, Language]] = [(len(words & texts_in(one).words), one) for one in LANGUAGES]
    most: list[Language] = [language for number, language in found if number == max(found)[0]]
    return min(most, key=lambda language: language != preferred)  # the first, where none is
