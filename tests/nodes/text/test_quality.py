"""How well facts and summaries are made without a model, on messages that the rules were not written with."""

import re
from itertools import pairwise
from typing import Any

import pytest

from nodes.text.extractive_summary import extractive_summary
from nodes.text.stated_facts import stated_facts
from storage.turns import Message
from tests.nodes.held_out import assert_right, read


def test_facts_are_stated_by_the_user() -> None:
    """At least 22 facts are found, of which at most three are none."""
    found = [(fact, case["facts"]) for case in read("facts")["message"] for fact in stated_facts(case["text"])]
    wrong = [fact for fact, stated in found if not any(alike(fact, one) for one in stated)]
    assert len(found) >= 22
    assert len(wrong) <= 3, wrong


def test_messages_without_facts_teach_none() -> None:
    """At least 47 of 50."""
    cases = [case["text"] for case in read("facts")["message"] if not case["facts"]]
    assert_right([text for text in cases if stated_facts(text)], at_least=47, of=50, cases=cases)


def test_a_share_of_the_facts_is_found() -> None:
    """At least 21 of 79: what is not plainly stated is left to a model."""
    cases = [(fact, stated_facts(case["text"])) for case in read("facts")["message"] for fact in case["facts"]]
    missed = [fact for fact, found in cases if not any(alike(fact, one) for one in found)]
    assert_right(missed, at_least=21, of=79, cases=cases)


@pytest.mark.parametrize(
    ("name", "at_least", "of"),
    [
        ("summary", 132, 146),
        ("summary_2", 148, 157),
        ("summary_3", 142, 150),
        ("summary_4", 156, 160),
        ("summary_5", 147, 155),
        ("summary_6", 150, 157),
    ],
)
def test_summaries_keep_what_matters(name: str, at_least: int, of: int) -> None:
    """Words and figures of 18 to 20 conversations each by six authors, summarised anew after each exchange."""
    assert_kept(read(name)["conversation"], at_least=at_least, of=of)


def test_summaries_of_our_own_conversations_keep_what_matters() -> None:
    """At least 328 of 333; 930 of 984 with each conversation's successor behind it, so that more has to go.

    Ten exchanges of small talk behind each conversation, which are summarised one by one, lose at most four more.
    """
    own = read("summary_own")["conversation"]
    pairs = [{name: one[name] + other[name] for name in ("must_keep", "message")} for one, other in pairwise(own)]
    assert_kept(own, at_least=328, of=333)
    assert_kept([*own, *pairs], at_least=930, of=984)
    assert_kept([{**one, "message": one["message"] + SMALL_TALK * 5} for one in own], at_least=324, of=333)


def test_summaries_of_conversations_with_digressions_keep_what_matters() -> None:
    """At least 101 of the 105 that were tuned on, and 99 of the 105 that were only scored."""
    own = read("summary_own_2")["conversation"]
    assert_kept(own[:15], at_least=101, of=105)
    assert_kept(own[15:], at_least=99, of=105)


SMALL_TALK = [
    {"role": "user", "text": "thanks, I will have a look at that this evening"},
    {"role": "assistant", "text": "Take your time! I am here whenever you would like to go on."},
    {"role": "user", "text": "how does that page work again?"},
    {"role": "assistant", "text": "It is in the menu at the top. Choose the period, and it is drawn anew."},
]


def assert_kept(conversations: list[dict[str, Any]], *, at_least: int, of: int) -> None:
    """Fail unless enough of what must be kept of conversations is in their summaries."""
    cases: list[tuple[str, str]] = []
    for conversation in conversations:
        said = [
            Message(id="", seq=0, role=one["role"], employee=one.get("employee", "prime"), content=one["text"])
            for one in conversation.get("message") or conversation["messages"]
        ]
        summary = ""
        for begin in range(0, len(said), 2):
            summary = extractive_summary(summary, said[begin : begin + 2])
        cases += [(kept, summary) for kept in conversation["must_keep"]]
    lost = [
        kept for kept, summary in cases if " ".join(kept.casefold().split()) not in " ".join(summary.casefold().split())
    ]
    assert_right(lost, at_least=at_least, of=of, cases=cases)


def alike(one: str, other: str) -> bool:
    """Whether most words of the shorter one are in the longer one."""
    words = [set(re.findall(r"[\w']+", text.casefold().replace("\u2019", "'"))) for text in (one, other)]
    return len(words[0] & words[1]) >= 0.7 * min(map(len, words))
