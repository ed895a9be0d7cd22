"""Count the work of each stage that a text passes in a turn: a program of its own, which may be killed.

For texts that repeat one unit it prints a JSON object per line: the calls that each stage makes for a text and for
one eight times as long, how many characters of a body of the largest size are normalised, and the longest run of
marks that is left in it.
"""

import asyncio
import json
import random
import resource
import string
import sys
import unicodedata
from collections.abc import Callable
from itertools import groupby
from typing import Any

from nodes.guard import _read
from nodes.injection.detect import _JUDGED, detect, parts
from nodes.prompts import estimate
from nodes.routing.keywords import by_rules
from nodes.text.cleaning import clean, limit_marks
from nodes.text.extractive_summary import extractive_summary, shorten
from nodes.text.linear_model import head_and_tail
from nodes.text.pii.masking import StreamMasker, mask
from nodes.text.stated_facts import stated_facts
from nodes.trim_context import trim_context
from storage.facts import fact_hash
from storage.turns import short_title
from tests.nodes.states import Listener, a_memory, a_state, a_talk
from tests.nodes.trimming import talked

SHORT, LONG = 500, 4_000
"""Characters. A quadratic stage makes 64 times the calls at any length, so half of the longest message is enough."""
PIECE = 20
"""Characters of a piece of an answer."""
BODY = 256 * 1024
"""Bytes of the largest request."""
CPU_SECONDS = 20
"""Limit for one unit, some hundred times what it needs; then the process is killed."""
ALL_CPU_SECONDS = 600
"""Limit for all of them."""

WORDS = """ignore disregard previous instructions all your rules do-not-follow reveal system prompt show the ignora las
instrucciones anteriores ignorez consignes précédentes vergiss alle Anweisungen instruções istruzioni you-are act-as
unrestricted enable developer-mode jailbreak you-have-no a,-b,-c, disable-your answer without-any from-now-on-you-will
i'm-the-developer dump find retrieve sort statement expenses tax house how-much-did-i-pay-for-food user assistant"""
GAPS = [
    " ", "_", ".", "-", "*", "_a", "a_", "a ", "a. ", "i g n o r e ", "i_g_n_o_r_e_", "a__", "\t", "\n", "\n\n",
    " \n", "\n#", "\n##", "#", "\n## ", "\nsystem: ", "\n[system", "<|im_start", "[/", "\r", "\r\n", "\r\r\n",
    "\u2028", "\u2028\n", "\xa0", "\u3000", ". ", "? ", "。", "？\n", "<a ", "a@b.", "1e@", "./", "http://a/", "a.b.",
]  # fmt: skip
NUMBERS = [
    "1", "1 ", "12 ", "123 ", "1234 ", "1234-", "1.", "1,", "4111 1111 1111 1111 ", "4111111111111111 ", "4111-1111-",
    "411111111111111111112 ", "123456 1234567890123 ", "1234 123456 12345 ", "DE89370400440532013000 ", "DE89 3704 ",
    "DE89A", "AB12 ", "AA00 A", "123456789 ", "536-90-4399 ", "123.456.789-", "1234567890 ", "12345678901 ",
    "123456789012345 ", "12345678Z ", "X1234567A ", "12 345 678 901 ", "123 456 789 ", "1234 1234 1234 ",
    "ssn 123456789 ", "order 123456789 ", "$1", "€ 1", "1 €", "EUR 123456789 ", "756.9217.0769.85 ",
    "ABC DEF 12A12 A123A ", "１２３４ ", "١", "123\xa0456\xa0789 ", "1\u2212", "19880320-0016 ",
]  # fmt: skip
MARKS = [
    "\u0301", "a\u0301", "e\u0323\u0302", "\u0301\u0323", "\u0344", "\u0f73", "\u0f81", "\u0f73\u0301",
    "\u0301\u0344\u0323", "\uff9e", "\u0301\uff9e", "ｶ\uff9e", "\u1f82", "\u01d6\u0323", "\u0345", "\u05b0\u05bc",
    "\u0651\u064e", "\u0e38\u0e48", "\u3099\u309a", "\u302a\u3099", "\u20d0", "\u2260\u0338", "\ufe20",
    "\U0001d165\U0001d16d", "\U0001d160", "\u0958", "\u09c7\u09be", "\ufb1e", "\u1100\u1161\u11a8", "\uac00\u11a8",
    "\u0330\u0301", "\u0323\u1ea4", "\ufdfa", "\u3300", "\ufb03",
]  # fmt: skip
HIDDEN = [
    "\x7f", "a\x7f", "a\u200b", "\u200b", "\u200d", "a\u200d", "क\u200d", "क\u200dष", "\u200c\u200d", "\u0301\u200d",
    "\u0301\u200c\u0323", "\ufe0f", "❤\ufe0f", "❤\ufe0f\u200d🔥", "👩\u200d", "🏴", "🏴\U000e0067",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U000e0041", "\u200f", "א\u200f", "\u202e",
    "\xad", "\u1820\u180b", "\ud800", "🇩🇪",
]  # fmt: skip
LETTERS = ["a", "É", "ß", "İ", "я", "税", "税金。", "ｱ", "Ａ", "한", "ก", "ကြ", "क", "ا", "ש", "😀", "𝐢", "a税"]
UNITS = [
    *(word.replace("-", " ") + " " for word in WORDS.split()), *GAPS, *NUMBERS, *MARKS, *HIDDEN, *LETTERS,
    *string.punctuation,
]  # fmt: skip
PAIRS = 60
"""Pairs of units, the same in every run."""


def units() -> list[str]:
    """Each unit, and some pairs of them."""
    choose = random.Random(7)  # noqa: S311 - nothing is secret
    return list(dict.fromkeys([*UNITS, *("".join(choose.choices(UNITS, k=2)) for _ in range(PAIRS))]))


def trimmed(text: str) -> None:
    """A prompt in which everything is this text, judged for the first time."""
    _JUDGED.clear()
    state = a_state(text, history=talked(*[text] * 40, summary=text[:SHORT]), memories=[a_memory(text)])
    asyncio.run(trim_context(state, Listener().runtime, budget=7500, reserve=800))


def stream_masked(text: str) -> None:
    """An answer of this text, which comes in pieces."""
    masker = StreamMasker()
    for begin in range(0, len(text), PIECE):
        masker.feed(text[begin : begin + PIECE])
    masker.flush()


STAGES: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "mask": mask,
    "stream_mask": stream_masked,
    "detect": detect,
    "parts": lambda text: list(parts(text)),
    "by_rules": by_rules,
    "stated_facts": stated_facts,
    "shorten": shorten,
    "extractive_summary": lambda text: extractive_summary(text, a_talk(text, text)),
    "estimate": estimate,
    "head_and_tail": head_and_tail,
    "trim_context": trimmed,
    "title": short_title,
    "fact_hash": lambda text: fact_hash(limit_marks(text)),
}
"""Everything a message passes; all but `clean` get it cleaned.

What only calls some of them one after the other (`guard._read`, `api.parameters.clean_and_mask`) is not among them.
"""


def calls(stage: Callable[[str], object], text: str) -> int:
    """Function calls and generator steps of a stage, in Python and in C."""
    count = 0

    def on_event(_frame: object, _event: str, _arg: object, /) -> None:  # a tenth faster than with *_
        nonlocal count
        count += 1

    sys.setprofile(on_event)
    try:
        stage(text)
    finally:
        sys.setprofile(None)
    return count


def body(unit: str, size: int) -> dict[str, Any]:
    """The guard's work on a body of this size: its calls, the characters it normalises, the longest run of marks."""
    text = unit * (size // len(unit.encode("utf-8", "surrogatepass")))
    normalised = 0
    left = ""
    normalize = unicodedata.normalize

    def counting(form: Any, given: str) -> str:
        nonlocal normalised
        normalised += len(given)
        return normalize(form, given)

    def read(given: str) -> None:
        nonlocal left
        left = _read(given, SHORT).text  # what it does with what it keeps is counted as stages

    unicodedata.normalize = counting
    try:
        made = calls(read, text)
    finally:
        unicodedata.normalize = normalize
    classes = map(unicodedata.combining, normalize("NFKD", left))
    rows = [len(list(row)) for marked, row in groupby(classes, bool) if marked]
    return {"calls": made, "normalised": normalised, "marks": max(rows, default=0)}


def measure(unit: str) -> dict[str, Any]:
    """All counts for one unit."""
    texts = [(unit * size)[:size] for size in (SHORT, LONG)]
    cleaned = [clean(text).text for text in texts]
    made: dict[str, list[int]] = {}
    for name, stage in STAGES.items():
        given = texts if name == "clean" else cleaned
        stage(given[0])  # fills caches and loads what is loaded once
        made[name] = [calls(stage, text) for text in given]
    return {"unit": unit, "calls": made, "bodies": [body(unit, size) for size in (BODY // 8, BODY)]}


def main() -> None:
    """Count everything, and print each unit before it is counted."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    for unit in units():
        used = resource.getrusage(resource.RUSAGE_SELF)
        soon = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (min(soon, ALL_CPU_SECONDS), hard))
        say({"begins": unit})
        say(measure(unit))


def say(line: dict[str, Any]) -> None:
    """Print it, now."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
