"""Decode what hides a text from the rules: encodings, alphabets that look alike, letters written backwards or shifted.

One search says whether a text has a sign of any of them; most have none. What is decoded is bounded by the text, and
linear in it.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from html import unescape
from itertools import product
from urllib.parse import unquote

from nodes.injection.rules import compiled

DEPTH = 3
"""Encodings inside each other that are undone."""
MIN_LETTERS = 0.6
"""Share of letters and spaces from which decoded bytes count as a text."""

_KEYWORDS = (
    "ignore", "disregard", "forget", "bypass", "override", "reveal", "prompt", "instruct", "system", "restrict",
    "unfiltered", "jailbreak", "guideline",
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
_LEET_WORDS = (
    *_KEYWORDS, "rules", "all", "limits", "filter", "filters", "tell", "initial", "original", "policy", "display",
    "will", "hidden", "previous", "prior", "guidelines", "instructions", "restrictions", "with", "without", "anything",
    "evil", "print", "disclose", "jailbroken", "limitations", "model", "unlimited", "unrestricted", "developer", "leak",
)  # fmt: skip
_BY_SHAPE = {word.translate(_SHAPE): word for word in _LEET_WORDS}
"""Words by their shape: 1 and ! stand for both i and l."""

_LOOK_ALIKES = str.maketrans(
    "авекмнорстухѕіјԁӏһԛԝցոսαβεικνορτυχγωаѵ", "abekmhopctyxsijdlhqwgnuabeiknoptuxywav"
)  # fmt: skip
"""Cyrillic, Armenian and Greek letters that look like Latin ones."""

_BASE64 = compiled((r"[a-zA-Z0-9+/_-]{16,}",))
_HEX = compiled((r"(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[ :,;]{0,2}){8,}",))
_BINARY = compiled((r"(?:[01]{8}[ ,]{0,2}){4,}",))
_SINGLE_LETTERS = compiled((r"(?:^|[^a-z0-9])(?:[a-z0-9][^a-z0-9\n]{1,3}){7,}",))
_CIPHERED = compiled(tuple(_CIPHER_OF))
_BACKWARDS = compiled(tuple(word[::-1] for word in _KEYWORDS))
_LEET_SIGN = compiled((r"[a-z][013457@$!][a-z]", r"\b[014!5@$][a-z][a-z0-9@$!]", r"[a-z]{2}[0134!@$][ .,;:]"))
_MIXED = re.compile(r"[a-zA-Z](?=[\u0370-\u058f])|[\u0370-\u058f](?=[a-zA-Z])")
_QUOTED = re.compile(r"[\"'“”‘’«»]([^\"'“”‘’«»\n]{2,40})[\"'“”‘’«»]")
_JOINING = compiled((r"[=+]", r"\b(?:join|concat|combine|together|append)"))
_ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_NO_HEX = re.compile(rb"\\x|0x|[^0-9a-fA-F]")
_NO_BITS = re.compile(rb"[^01]+")
_NO_LETTERS = re.compile(r"[^a-z]+")
_LEET_WORD = re.compile(r"[a-z0-9@$!]+")


def hidden_texts(text: str, depth: int = DEPTH) -> list[str]:
    """Texts that are written in base64, hex, binary or escapes inside a text, also in each other; mostly none."""
    if depth == 0:
        return []
    found = [*_of_bytes(text), *_unescaped(text)]
    return found + [deeper for one in found for deeper in hidden_texts(one, depth - 1)]


def readings(text: str, plain: str) -> Iterator[str]:
    """What the text says if it is read backwards, shifted, as leet, in one alphabet, or joined; mostly nothing.

    Args:
        text: the text.
        plain: the same, folded to ASCII.
    """
    plain_bytes = plain.encode()
    if cipher := _CIPHERED.search(plain_bytes):
        yield plain.translate(_CLEAR_OF[id(_CIPHER_OF[cipher[0].decode()])])
    if _BACKWARDS.search(plain_bytes):
        yield plain[::-1]
        yield " ".join(word[::-1] for word in plain.split())
    if _LEET_SIGN.search(plain_bytes):
        yield _LEET_WORD.sub(_without_leet, plain)
    if not text.isascii() and _MIXED.search(text):
        yield text.casefold().translate(_LOOK_ALIKES)
    if _SINGLE_LETTERS.search(plain_bytes):
        yield _NO_LETTERS.sub("", plain)
    if len(parts := _QUOTED.findall(text)) > 1 and _JOINING.search(plain_bytes):
        yield "".join(parts)
        yield " ".join(parts)


def _without_leet(word: re.Match[str]) -> str:
    """The word with letters for digits, where it mixes both."""
    if word[0].isalpha() or word[0].isdigit():
        return word[0]
    letters = word[0].translate(_LEET)
    return _BY_SHAPE.get(letters.translate(_SHAPE)) or letters.replace("1", "i")


def _of_bytes(text: str) -> Iterator[str]:
    """Texts in base64, hex and binary."""
    ascii_bytes = text.encode("ascii", "replace")
    for run in _BASE64.finditer(ascii_bytes):
        yield from _as_text(_from_base64(run[0]))
    for run in _HEX.finditer(ascii_bytes):
        digits = _NO_HEX.sub(b"", run[0])
        yield from _as_text(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
    for run in _BINARY.finditer(ascii_bytes):
        bits = _NO_BITS.sub(b"", run[0])
        yield from _as_text(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def _from_base64(run: bytes) -> bytes:
    body = run[: len(run) // 4 * 4 + (len(run) % 4 if len(run) % 4 != 1 else 0)]
    padded = body + b"=" * (-len(body) % 4)
    try:
        return b64decode(padded.replace(b"-", b"+").replace(b"_", b"/"))
    except binascii.Error:
        return b""


def _as_text(decoded: bytes) -> Iterator[str]:
    """The bytes as a text, if they are one; words of other texts decode to anything."""
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return
    if len(text) >= 4 and text.isprintable() and sum(map(_is_of_words, text)) >= MIN_LETTERS * len(text):
        yield text


def _is_of_words(char: str) -> bool:
    return char.isalpha() or char == " "


def _unescaped(text: str) -> Iterator[str]:
    """The text without percent encoding, escapes of programming languages and HTML entities, if it has any."""
    bare = _ESCAPES.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), text) if "\\" in text else text
    bare = unquote(bare, errors="replace") if "%" in bare else bare
    bare = unescape(bare) if "&" in bare else bare
    if bare != text:
        yield bare
