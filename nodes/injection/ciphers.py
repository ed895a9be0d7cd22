"""Read letters that are shifted, turned round, mixed up, left out or written as others, as the rules can read them.

Cheap searches say whether a text has a sign of any; most have none. What is read is as long as the text.
"""

import re
from collections.abc import Iterator
from itertools import product

from nodes.injection.rules import compiled

_KEYWORDS = (
    "ignore", "disregard", "forget", "bypass", "override", "reveal", "prompt", "instruct", "system", "restrict",
    "unfiltered", "jailbreak", "guideline", "previous", "customer", "account", "balance", "transaction", "remember",
    "password", "developer", "conversation", "without", "everything",
)  # fmt: skip
"""Words by which a shifted or reversed text is known: an attack has one of them."""
_ABC = "abcdefghijklmnopqrstuvwxyz"
_SHIFTS = tuple(str.maketrans(_ABC, _ABC[shift:] + _ABC[:shift]) for shift in range(1, 26))
_CIPHERS = (*_SHIFTS, str.maketrans(_ABC, _ABC[::-1]))
"""The Caesar ciphers (rot13 among them) and Atbash: tables that encode."""
_CIPHER_OF = {word.translate(cipher): cipher for word, cipher in product(_KEYWORDS, _CIPHERS)}
_CLEAR_OF = {id(cipher): {new: old for old, new in cipher.items()} for cipher in _CIPHERS}

_LEET = str.maketrans(
    {"0": "o", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t", "8": "b", "9": "g", "!": "1"}
)
_SHAPE = str.maketrans("il", "11")
_WORDS = (
    *_KEYWORDS, "rules", "all", "limits", "filter", "filters", "tell", "initial", "original", "policy", "display",
    "will", "hidden", "prior", "guidelines", "instructions", "restrictions", "with", "anything", "your", "show",
    "evil", "print", "disclose", "jailbroken", "limitations", "model", "unlimited", "unrestricted", "leak", "users",
    "other", "accounts", "transactions", "customers", "safety", "secret", "repeat", "from", "above", "earlier",
)  # fmt: skip
_BY_SHAPE = {word.translate(_SHAPE): word for word in _WORDS}
"""Words by their shape: 1 and ! stand for both i and l."""
_BY_SKELETON = {re.sub("[aeiou]", "", word): word for word in _WORDS}
_BY_SKELETON |= {word[0] + re.sub("[aeiou]", "", word[1:]): word for word in _WORDS}
"""Words by their consonants, with and without a vowel in front."""
_MIXED_UP = 6
"""Letters from which a word is known with its inner letters in another order."""
_BY_LETTERS = {(word[0], word[-1], *sorted(word)): word for word in _WORDS if len(word) >= _MIXED_UP}

_LOOK_ALIKES = str.maketrans(
    "авекмнорстухѕіјԁӏһԛԝցոսαβεικνορτυχγωаѵ", "abekmhopctyxsijdlhqwgnuabeiknoptuxywav"
)  # fmt: skip
"""Cyrillic, Armenian and Greek letters that look like Latin ones."""
_DOTS = (1, 3, 9, 25, 17, 11, 27, 19, 10, 26, 5, 7, 13, 29, 21, 15, 31, 23, 14, 30, 37, 39, 58, 45, 61, 53)
_BRAILLE = {0x2800 + dots: letter for dots, letter in zip(_DOTS, _ABC, strict=True)} | {0x2800: " "}
ACROSTIC = 10
"""Lines from which their first letters are read."""

_SINGLE_LETTERS = compiled((r"(?:^|[^a-z0-9])(?:[a-z0-9][^a-z0-9]{1,3}){7,}",))
_CIPHERED = compiled(tuple(_CIPHER_OF))
_BACKWARDS = compiled(tuple(word[::-1] for word in _KEYWORDS))
_SAID_BACKWARDS = compiled((r"\bbackwards?\b|\breverse|\bfrom (?:the )?(?:end|last|right)\b",))
_LEET_SIGN = compiled((r"[a-z][013457@$!][a-z]", r"\b[014!5@$][a-z][a-z0-9@$!]", r"[a-z]{2}[0134!@$][ .,;:]"))
_GLUED = compiled((r"[a-z]{2,}[_.~|^/+-](?:[a-z]+[_.~|^/+-]){2,}[a-z]",))
_PIG_LATIN = compiled((r"(?:\b[a-z']+ay\b[ ,.]+){2,}[a-z']+ay\b",))
_NO_VOWELS = compiled((r"(?:\b[a-z]?[bcdfghjklmnpqrstvwxz]{2,}[ ,]+){2,}[a-z]?[bcdfghjklmnpqrstvwxz]{2,}\b",))
_MIXED = re.compile(r"[a-zA-Z](?=[\u0370-\u058f])|[\u0370-\u058f](?=[a-zA-Z])")
_QUOTED = re.compile(r"[\"'“”‘’«»]([^\"'“”‘’«»\n]{2,40})[\"'“”‘’«»]")
_JOINING = compiled((r"[=+]", r"\b(?:join|concat|combine|together|append)"))
_NO_LETTERS = re.compile(r"[^a-z]+")
_GLUE = re.compile(r"(?<=[a-z])[_.~|^/+-](?=[a-z])")
_LEET_WORD = re.compile(r"[a-z0-9@$!]+")


def readings(text: str, plain: str) -> Iterator[str]:
    """What the text says if it is read in another order, alphabet or spelling; mostly nothing.

    Args:
        text: the text.
        plain: the same, folded to ASCII.
    """
    plain_bytes = plain.encode()
    yield from _shifted_or_turned(plain, plain_bytes)
    if _LEET_SIGN.search(plain_bytes):
        yield _LEET_WORD.sub(_without_leet, plain)
    if not text.isascii():
        if _MIXED.search(text):
            yield text.casefold().translate(_LOOK_ALIKES)
        if (dotted := text.translate(_BRAILLE)) != text:
            yield dotted
    if _SINGLE_LETTERS.search(plain_bytes):
        yield _NO_LETTERS.sub("", plain)
    if _GLUED.search(plain_bytes):
        yield _GLUE.sub(" ", plain)
    if len(parts := _QUOTED.findall(text)) > 1 and _JOINING.search(plain_bytes):
        yield "".join(parts)
        yield " ".join(parts)
    yield from _misspelt(plain, plain_bytes)
    if len(lines := plain.split("\n")) >= ACROSTIC:
        yield _NO_LETTERS.sub("", "".join(line.strip()[:1] for line in lines))


def _shifted_or_turned(plain: str, plain_bytes: bytes) -> Iterator[str]:
    """The text without a shift of its letters, forwards and backwards, and backwards by letters and words."""
    backwards = plain[::-1]
    for shown, searched in ((plain, plain_bytes), (backwards, backwards.encode())):
        if cipher := _CIPHERED.search(searched):
            yield shown.translate(_CLEAR_OF[id(_CIPHER_OF[cipher[0].decode()])])
    if _BACKWARDS.search(plain_bytes):
        yield backwards
        yield " ".join(word[::-1] for word in plain.split())
    if _SAID_BACKWARDS.search(plain_bytes):
        yield " ".join(plain.split()[::-1])


def _misspelt(plain: str, plain_bytes: bytes) -> Iterator[str]:
    """The text in pig latin, without vowels, with letters twice or in another order, as it is usually spelt."""
    words = plain.split()
    if _PIG_LATIN.search(plain_bytes):
        yield " ".join(map(_without_pig_latin, words))
    if _NO_VOWELS.search(plain_bytes):
        yield " ".join(_BY_SKELETON.get(word.strip(".,!?"), word) for word in words)
    if any(len(word) >= 8 and word[::2] == word[1::2] for word in words):
        yield " ".join(word[::2] if word[::2] == word[1::2] else word for word in words)
    bare = [word.strip(".,;:!?\"'") for word in words]
    known = [_BY_LETTERS.get((word[0], word[-1], *sorted(word))) if len(word) >= _MIXED_UP else None for word in bare]
    if sum(right is not None and right != word for right, word in zip(known, bare, strict=True)) > 1:
        yield " ".join(right or word for right, word in zip(known, bare, strict=True))


def _without_leet(word: re.Match[str]) -> str:
    """The word with letters for digits, where it mixes both."""
    if word[0].isalpha() or word[0].isdigit():
        return word[0]
    letters = word[0].translate(_LEET)
    return _BY_SHAPE.get(letters.translate(_SHAPE)) or letters.replace("1", "i")


def _without_pig_latin(word: str) -> str:
    """The word with its first letters back in front: "eviouspray" is "previous"; as it is if it is no pig latin."""
    bare = word.strip(".,!?")
    if not bare.endswith("ay"):
        return word
    stem = bare.removesuffix("ay").removesuffix("w") if bare.endswith("way") else bare.removesuffix("ay")
    turned = [stem[-count:] + stem[:-count] if count else stem for count in range(4)]
    return next((one for one in turned if one in _WORDS), turned[1])
