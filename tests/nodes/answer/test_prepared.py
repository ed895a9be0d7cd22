"""Prepared answers, and how messages find them."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.models.factory import LocalModels
from nodes.answer.prepared import (
    CLOSE,
    FILE,
    VECTORS,
    PreparedAnswers,
    nothing_prepared,
    questions,
    read_prepared,
    save_vectors,
)
from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable
from tests.nodes.held_out import assert_right

ANSWERS = read_prepared()
SAYS = {question: answer.says for answer in ANSWERS for question in answer.asks}
GERMAN = {question: answer.says for answer in ANSWERS if answer.language == "de" for question in answer.asks}
MESSAGES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("prepared_messages.toml").read_text("utf-8"))


@pytest.fixture
def prepared(local: LocalModels) -> PreparedAnswers:
    """The real ones, found by the real embedding model."""
    return PreparedAnswers.load(local.embedder.embed)


async def test_every_question_finds_its_answer(prepared: PreparedAnswers) -> None:
    """So each is embedded, or compared word for word, and no two answers share one."""
    assert len(SAYS) == sum(len(answer.asks) for answer in ANSWERS)
    assert [question for question in SAYS if await prepared(question) != SAYS[question]] == []
    question = next(iter(GERMAN))
    assert await prepared(question.upper().rstrip("?")) == GERMAN[question]
    assert await prepared(f"{question} Und warum?") != GERMAN[question]


def test_each_employee_has_about_twenty() -> None:
    """In sentences that fit on a phone."""
    assert min(Counter(answer.employee for answer in ANSWERS).values()) >= 20
    assert max(len(answer.says) for answer in ANSWERS) <= 420


def test_the_questions_on_the_page_have_answers() -> None:
    """A first click is not met by an excuse."""
    asked = [example for employee in EMPLOYEES for example in employee.examples]
    assert [example for example in asked if example not in SAYS] == []


async def test_paraphrases_find_the_right_answer(prepared: PreparedAnswers) -> None:
    """At least 112 of 146; the others get none rather than a wrong one."""
    cases = MESSAGES["paraphrases"]
    found = [(message, await prepared(message), SAYS[question]) for message, question in cases]
    assert_right([message for message, said, right in found if said != right], at_least=112, of=146, cases=cases)
    assert [message for message, said, right in found if said not in (right, None)] == []


async def test_other_messages_get_none(prepared: PreparedAnswers) -> None:
    """At least 224 of 230: follow-ups, requests, statements, and questions that nobody prepared for."""
    cases = MESSAGES["others"]
    answered = [message for message in cases if await prepared(message)]
    assert_right(answered, at_least=224, of=230, cases=cases)


async def test_a_message_must_be_close(tmp_path: Path) -> None:
    """By the embedding it came with."""
    vectors = {"near": [CLOSE + 0.05, (1 - (CLOSE + 0.05) ** 2) ** 0.5], "far": [CLOSE - 0.05, 0.76]}

    async def embed(message: str) -> list[float]:
        return vectors[message]

    save_vectors(tmp_path / "v.npz", ANSWERS, [np.array([1, 0], np.float32)] * len(questions(ANSWERS)))
    prepared = PreparedAnswers.load(embed, FILE, tmp_path / "v.npz")
    assert (await prepared("near"), await prepared("far")) == (ANSWERS[0].says, None)


async def test_edited_questions_are_not_answered_by_old_vectors(tmp_path: Path, local: LocalModels) -> None:
    """Their rows would belong to other questions; `make train` makes new ones."""
    edited = tmp_path / "prepared.toml"
    edited.write_text(FILE.read_text("utf-8").replace('asks = ["Hello", ', 'asks = ["Salut", "Hello", '), "utf-8")
    prepared = PreparedAnswers.load(local.embedder.embed, edited, VECTORS)
    assert await prepared("How do tax brackets work?") is None


async def test_without_an_embedding_there_is_no_answer() -> None:
    """The employee's reply comes instead."""

    async def embed(message: str) -> list[float]:
        raise EmbeddingUnavailable

    assert await PreparedAnswers.load(embed)("Hello") is None
    assert await nothing_prepared("Hello") is None
