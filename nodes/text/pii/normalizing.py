"""A text with its digits, dashes and spaces in ASCII, at the same offsets, so that what is found can be replaced."""

import re
import unicodedata

MIDDLE_DOTS = "·∙⋅‧・"
_CHINESE = re.compile("[〇零一二三四五六七八九]{4,}")
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_INVISIBLE = re.compile("(?<=[0-9])[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff\u20e3]{1,4}")
_LIKE_DIGITS = re.compile(
    r"(?<![^\W_])\d[\dOoIl]{0,18}+(?![^\W_])(?:[ ./_-]{1,3}+[\dOoIl]{1,19}+(?![^\W_])){0,18}+", re.ASCII
)
_LETTER = re.compile(r"[OoIl]")
_TOKEN = re.compile(r"[\dOoIl]{1,19}", re.ASCII)
_DIGITS = str.maketrans("OoIl", "0011")
LEAST_DIGITS, LEAST_LETTERS = 12, 3


def normalized(text: str) -> str:
    """The text with digits, dashes, spaces and full-width characters replaced by ASCII ones, at the same offsets."""
    if text.isascii():
        return text.replace("\t", " ")
    return text.translate({ord(char): _ascii(char) for char in set(text) if not char.isascii() or char == "\t"})


def with_all_digits(plain: str) -> str:
    """A normalised text with Chinese digits, and letters typed for digits ("4O12 8888 …"), replaced by digits."""
    plain = _CHINESE.sub(lambda found: found[0].translate(_CHINESE_DIGITS), plain)
    return _LIKE_DIGITS.sub(_from_letters, plain) if _LETTER.search(plain) else plain


def without_invisible(text: str) -> str:
    """The text without invisible characters behind digits, which break a number up and cannot be seen."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _from_letters(found: re.Match[str]) -> str:
    """As digits, where it is as long as a card; a single "I" is a word."""
    run = found[0]
    if not _LETTER.search(run) or sum(map(str.isalnum, run)) < LEAST_DIGITS:
        return run
    return _TOKEN.sub(_from_token, run)


def _from_token(found: re.Match[str]) -> str:
    token = found[0]
    typed = len(token) >= LEAST_LETTERS or any(map(str.isdigit, token))
    return token.translate(_DIGITS) if typed else token


def _ascii(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in MIDDLE_DOTS:
        return "."
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return " "
    if category == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char
