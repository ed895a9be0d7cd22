"""The language in which something is said without a model."""

import pytest

from nodes.answer.languages import LANGUAGES, Language, language_of, texts_in
from nodes.employees import EMPLOYEES


@pytest.mark.parametrize(
    ("message", "client", "language"),
    [
        ("Welche Schulden zahle ich zuerst ab?", "en", "de"),
        ("Which debt should I pay off first?", "de", "en"),
        ("Spartipps", "de", "de"),
        ("Budget?", None, "en"),
        ("Budget?", "de", "de"),
        ("Quel budget ?", "fr", "en"),
        ("Ich habe das Wort “budget” in the app gelesen, was heißt das?", "en", "de"),
    ],
)
def test_the_words_of_a_message_decide_and_else_the_client(
    message: str, client: str | None, language: Language
) -> None:
    """English where neither is a language that there are texts in."""
    assert language_of(message, client) == language


def test_every_language_has_texts_of_every_employee() -> None:
    """As many answers as English has, and no common word that another language has, too."""
    english = texts_in("en")
    for language in LANGUAGES:
        texts = texts_in(language)
        assert texts.replies.keys() == {one.slug for one in EMPLOYEES}
        assert [one.employee for one in texts.answers] == [one.employee for one in english.answers]
        assert language == "en" or texts.words.isdisjoint(english.words)


def test_each_languages_own_questions_are_known_as_its_own() -> None:
    """Nearly all of them, whatever language the client has."""
    for language, client in (("en", "de"), ("de", "en")):
        questions = [question for one in texts_in(language).answers for question in one.asks]
        mistaken = [question for question in questions if language_of(question, client) != language]
        assert len(mistaken) < len(questions) / 50, mistaken
