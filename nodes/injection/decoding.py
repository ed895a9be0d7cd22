"""Decode what hides a text from the rules: encodings, and letters that are shifted, turned round or misspelt.

Cheap searches say whether a text has a sign of any; most have none. What is decoded is bounded by the text, and
linear in it.
"""

import binascii
import re
from base64 import b32decode, b64decode
from codecs import encode
from collections.abc import Callable, Iterator
from html import unescape
from itertools import product
from urllib.parse import unquote

from nodes.injection.rules import compiled

DEPTH = 3
"""Encodings inside each other that are undone."""
MIN_LETTERS = 0.6
"""Share of letters, digits and spaces from which decoded bytes count as a text."""

_BASE64 = compiled((r"[a-zA-Z0-9+/_-]{16,}",))
_PIECES = compiled((r"(?:[a-zA-Z0-9+/]{4,}={0,2}[ \n.,|-]{1,2}){3,}[a-zA-Z0-9+/]*",))
_BASE32 = compiled((r"[a-z2-7]{24,}", r"[A-Z2-7]{24,}"))
_HEX = compiled((r"(?:(?:\\x|0x|0X|%)?[0-9a-fA-F]{2}[^0-9a-zA-Z]{0,2}){8,}",))
_BINARY = compiled((r"(?:[01]{7,8}[^0-9a-zA-Z]{1,2}){3,}[01]{7,8}", r"[01]{32,}"))
_NUMBERS = compiled((r"(?:[0-9]{1,3}[^0-9a-zA-Z]{1,3}){7,}[0-9]{1,3}",))
_MORSE = compiled((r"(?:[._-]{1,6}[ /|\n]{1,3}){8,}[._-]{1,6}",))
_SPEAKS = compiled((
    r"(?i)ignore|disregard|forget|instruct|prompt|system|rules|reveal|show|tell|print|users|account|customer|balance",
))  # fmt: skip
"""What a text has that was written as numbers or dashes; lists of amounts give any letters."""
_ESCAPES = re.compile(r"\\u\{?([0-9a-fA-F]{2,6})\}?|\\x([0-9a-fA-F]{2})|[Uu]\+([0-9a-fA-F]{4,5})\s?|\\([0-7]{3})")
_NO_HEX = re.compile(rb"\\x|0[xX]|[^0-9a-fA-F]")
_PIECE_GAP = re.compile(rb"[ \n.,|=-]+")
_DIGITS = re.compile(r"\d+")
_WORD_GAP = re.compile(r"\s?[/|\n]\s?|\s\s")

_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_LETTER_OF: dict[str, str] = dict(zip(_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))

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
_BY_SKELETON = {
    start + re.sub("[aeiou]", "", word[1:]): word for word in _WORDS for start in {word[0], word[0].strip("aeiou")}
}
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


def hidden_texts(text: str, depth: int = DEPTH) -> list[str]:
    """Texts that are written in another way inside a text, also in each other; mostly none."""
    if depth == 0:
        return []
    found = list(dict.fromkeys([*_of_bytes(text), *_of_numbers(text), *_unescaped(text)]))
    return found + [deeper for one in found for deeper in hidden_texts(one, depth - 1)]


def _of_bytes(text: str) -> Iterator[str]:
    """Texts in base64 (also reversed, shifted by 13 or in pieces), base32, hex and binary."""
    ascii_bytes = text.encode("ascii", "replace")
    for run in _BASE64.finditer(ascii_bytes):
        for written in (run[0], run[0][::-1], encode(run[0].decode(), "rot13").encode()):
            yield from _as_text(_from_base64(written))
    for run in _PIECES.finditer(ascii_bytes):
        yield from _as_text(_from_base64(_joined(run[0])))
    for run in _BASE32.finditer(ascii_bytes):
        body = run[0].upper()
        yield from _as_text(_decoded(b32decode, body + b"=" * (-len(body) % 8)))
    for run in _HEX.finditer(ascii_bytes):
        digits = _NO_HEX.sub(b"", run[0])
        yield from _as_text(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
    for run in _BINARY.finditer(ascii_bytes):
        bits = _DIGITS.findall(run[0].decode())
        groups = bits if len(bits) > 1 else [bits[0][at : at + 8] for at in range(0, len(bits[0]), 8)]
        yield from _as_text(bytes(int(group, 2) for group in groups))


def _joined(pieces: bytes) -> bytes:
    """Base64 in pieces as one, without the words around it."""
    tokens = _PIECE_GAP.split(pieces)
    while tokens and _is_word(tokens[0]):
        tokens.pop(0)
    while tokens and _is_word(tokens[-1]):
        tokens.pop()
    return b"".join(tokens)


def _is_word(token: bytes) -> bool:
    return not token or (token.isalpha() and (token.islower() or token.istitle()))


def _from_base64(run: bytes) -> bytes:
    body = run[: len(run) // 4 * 4 + (len(run) % 4 if len(run) % 4 != 1 else 0)]
    padded = body + b"=" * (-len(body) % 4)
    return _decoded(b64decode, padded.replace(b"-", b"+").replace(b"_", b"/"))


def _decoded(decode: Callable[[bytes], bytes], encoded: bytes) -> bytes:
    try:
        return decode(encoded)
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
    return char.isalpha() or char == " " or (char.isascii() and char.isalnum())


def _of_numbers(text: str) -> Iterator[str]:
    """Texts whose characters are written as decimal or octal numbers, as places in the alphabet, or in Morse code."""
    ascii_bytes = text.encode("ascii", "replace")
    found: list[str] = []
    for run in _NUMBERS.finditer(ascii_bytes):
        written = run[0].decode()
        numbers = _DIGITS.findall(written)
        if max(map(len, numbers)) > 1:
            found += [_as_letters(written), *_as_characters(numbers, 10), *_as_characters(numbers, 8)]
    for run in _MORSE.finditer(ascii_bytes):
        words = _WORD_GAP.split(run[0].decode().replace("_", "-"))
        found.append(" ".join("".join(_LETTER_OF.get(code, "") for code in word.split()) for word in words))
    yield from (one for one in found if _SPEAKS.search(one.encode()))


def _as_characters(numbers: list[str], base: int) -> Iterator[str]:
    """The characters with these codes, if all are printable."""
    if base == 8 and any(set(number) & {"8", "9"} for number in numbers):
        return
    text = "".join(chr(int(number, base)) for number in numbers)
    if text.isprintable():
        yield text


def _as_letters(written: str) -> str:
    """The letters at these places of the alphabet, in words where their signs differ; nothing for other numbers."""
    words = [_DIGITS.findall(word) for word in (written.split() if "-" in written else [written])]
    places = [[int(number) for number in word] for word in words]
    if any(not 1 <= place <= 26 for word in places for place in word):
        return ""
    return " ".join("".join(chr(96 + place) for place in word) for word in places)


def _unescaped(text: str) -> Iterator[str]:
    """The text without percent encoding, escapes of programming languages and HTML entities, if it has any."""
    bare = _ESCAPES.sub(_character, text) if "\\" in text or "+" in text else text
    bare = unquote(bare, errors="replace") if "%" in bare else bare
    bare = unescape(bare) if "&" in bare else bare
    if bare != text:
        yield bare


def _character(escape: re.Match[str]) -> str:
    """The character that an escape stands for; the escape itself where there is none."""
    code = int(escape[4], 8) if escape[4] else int(escape[1] or escape[2] or escape[3], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else escape[0]


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
