"""Prepared answers, and how messages find them."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.models.factory import LocalModels
from nodes.answer.languages import LANGUAGES, Language, texts_in
from nodes.answer.prepared import CLOSE, FILE, VECTORS, PreparedAnswers, nothing_prepared, questions, save_vectors
from nodes.answer.wording import LONGEST
from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable
from tests.nodes.held_out import assert_right

ANSWERS = texts_in("en").answers
SAYS = {
    language: {question: one.says for one in texts_in(language).answers for question in one.asks}
    for language in LANGUAGES
}
FILES: Mapping[Language, str] = {"en": "prepared_messages.toml", "de": "prepared_messages.de.toml"}
MESSAGES: dict[Language, dict[str, Any]] = {
    language: tomllib.loads(Path(__file__).with_name(name).read_text("utf-8")) for language, name in FILES.items()
}


@pytest.fixture
def prepared(local: LocalModels) -> PreparedAnswers:
    """The real ones, found by the real embedding model."""
    return PreparedAnswers.load(local.embedder.embed)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_question_finds_its_answer(prepared: PreparedAnswers, language: Language) -> None:
    """However it is written, and no two answers share one."""
    says = SAYS[language]
    assert len(says) == sum(len(answer.asks) for answer in texts_in(language).answers)
    assert [question for question in says if await prepared(question, language) != says[question]] == []
    question = next(iter(says))
    assert await prepared(question.upper().rstrip("?"), language) == says[question]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_employee_has_about_twenty(language: Language) -> None:
    """In sentences that fit on a phone."""
    answers = texts_in(language).answers
    assert min(Counter(answer.employee for answer in answers).values()) >= 20
    assert max(len(answer.says) for answer in answers) <= 420


def test_the_questions_on_the_page_have_answers() -> None:
    """A first click is not met by an excuse."""
    asked = [example for employee in EMPLOYEES for example in employee.examples]
    assert [example for example in asked if example not in SAYS["en"]] == []


@pytest.mark.parametrize(("language", "right", "of"), [("en", 112, 146), ("de", 80, 95)])
async def test_paraphrases_find_the_right_answer(
    prepared: PreparedAnswers, language: Language, right: int, of: int
) -> None:
    """Most of them; the others get none rather than a wrong one."""
    cases = MESSAGES[language]["paraphrases"]
    found = [(message, await prepared(message, language), SAYS[language][question]) for message, question in cases]
    assert_right([message for message, said, meant in found if said != meant], at_least=right, of=of, cases=cases)
    assert [message for message, said, meant in found if said not in (meant, None)] == []


@pytest.mark.parametrize(("language", "none", "of"), [("en", 224, 230), ("de", 94, 97)])
async def test_other_messages_get_none(prepared: PreparedAnswers, language: Language, none: int, of: int) -> None:
    """Follow-ups, requests, statements, and questions that nobody prepared for."""
    cases = MESSAGES[language]["others"]
    answered = [message for message in cases if await prepared(message, language)]
    assert_right(answered, at_least=none, of=of, cases=cases)


async def test_a_long_message_is_not_compared_by_its_wording(prepared: PreparedAnswers) -> None:
    """Whatever it repeats: it is no common question."""
    question = "Was ist Cashflow? "
    assert await prepared(question * 2, "de") == SAYS["de"][question.strip()]
    assert await prepared(question * LONGEST, "de") is None


async def test_a_message_must_be_close(tmp_path: Path) -> None:
    """By the embedding it came with."""
    vectors = {"near": [CLOSE + 0.05, (1 - (CLOSE + 0.05) ** 2) ** 0.5], "far": [CLOSE - 0.05, 0.76]}

    async def embed(message: str) -> list[float]:
        return vectors[message]

    save_vectors(tmp_path / "v.npz", ANSWERS, [np.array([1, 0], np.float32)] * len(questions(ANSWERS)))
    prepared = PreparedAnswers.load(embed, FILE, tmp_path / "v.npz")
    assert (await prepared("near", "en"), await prepared("far", "en")) == (ANSWERS[0].says, None)


async def test_edited_questions_are_not_answered_by_old_vectors(tmp_path: Path, local: LocalModels) -> None:
    """Their rows would belong to other questions; `make train` makes new ones."""
    edited = tmp_path / "prepared.toml"
    edited.write_text(FILE.read_text("utf-8").replace('asks = ["Hello", ', 'asks = ["Salut", "Hello", '), "utf-8")
    prepared = PreparedAnswers.load(local.embedder.embed, edited, VECTORS)
    assert await prepared("How do tax brackets work?", "en") is None


async def test_without_an_embedding_there_is_no_answer() -> None:
    """The employee's reply comes instead."""

    async def embed(message: str) -> list[float]:
        raise EmbeddingUnavailable

    assert await PreparedAnswers.load(embed)("Hello", "en") is None
    assert await nothing_prepared("Hello", "en") is None
