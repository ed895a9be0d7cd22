"""E-mail addresses and phone numbers, which are masked where a setting asks for it: users ask about them, too."""

import re

from nodes.text.pii.context import PHONE_LABELS, WORD_CHAR, group_ends, labelled

EMAIL = re.compile(r"(?<![\w.+%-])(?=([\w.+%-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}))")
"""Start of an e-mail address; group 1 is the address."""

PHONE = re.compile(rf"(?<!{WORD_CHAR})(?<!\+)(?=(\+?\(?\d(?:[ ./()-]{{0,3}}+\d){{6,14}}+))", re.ASCII)
"""Start of a possible phone number; group 1 is as many digits as one has at most."""

MIN_INTERNATIONAL = 8


def email_length(found: re.Match[str], _before: str) -> int:
    """Length of the address at a match of `EMAIL`."""
    return len(found[1])


def phone_length(found: re.Match[str], before: str) -> int:
    """Length of the phone number at a match of `PHONE`: behind a plus sign, or the word for a phone; 0 for none."""
    run: str = found[1]
    end = found.end(1)
    ends = [*group_ends(run, found.string[end : end + 1])]
    if not ends or not is_phone(found, before):
        return 0
    size, digits = ends[-1]
    return size if not run.startswith("+") or len(digits) >= MIN_INTERNATIONAL else 0


def is_phone(found: re.Match[str], before: str) -> bool:
    """Whether a plus sign or the word for a phone makes it one."""
    return found[1].startswith("+") or labelled(before, PHONE_LABELS)
