"""API keys, tokens, private keys and logins in addresses: by their issuers' prefixes, or by their name before them.

A secret is recognised by its beginning; `rest` finds its end. So in a stream it need not be held as a whole.
"""

import re

import re2

from nodes.text.pii.key_prefixes import CUT_KEYS, CUT_STARTS, KEYS, LONGEST_START

_KEY_LABEL = (
    r"(?:(?:api|secret|access|private|auth|account|signing|encryption|service|recovery)[ _-]?keys?"
    r"|secret[ _-]access[ _-]key"
    r"|clave(?: de)? api|api-schlüssel|clé(?: d['’])? ?api|(?:client|api|app|webhook|signing|shared)[ _-]?secret"
    r"|(?:access|auth|api|bearer|refresh|bot|session|secret|personal access)[ _-]?tokens?|tokens?)"
)
_IS = (
    r"(?:[ \n]{0,2}(?:is|ist|es|est|é|è|was|war|lautet|=>|->|→|:=|[:=：|>])(?:\*\*)?[ \n]{0,2}"
    r"| [=:-] |['’]s )"
)
_QUOTE = "(?:[\"'`“„«]|\\*\\*)?"
_AFTER_NAME = r"(?:[\"'`]|\*\*)?"
_NAMED = rf"(?:(?i:{_KEY_LABEL}){_AFTER_NAME}(?i:{_IS}|[ ]){_QUOTE}|[Bb]earer |(?i:authorization: ?basic ))"
_NAMED_VALUE = "[A-Za-z0-9_+/=.~-]"

_NO_AT = r"[^\s:/@]{1,40}+(?:@[^\s:/@.,;]{1,40}+(?=@)){0,2}+"

PATTERN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?<!_)(?=(?P<key>{KEYS}))|{_NAMED}(?P<named>{_NAMED_VALUE}{{16,40}}+)"
    rf"|[a-z][a-z+]{{2,14}}://[^\s:/@]{{0,40}}:(?P<url>{_NO_AT})@)"
    r"|(?<!\S)(?:-u|--user)[ =][\"']?[^\s:\"'@]{1,40}:(?P<login>[^\s\"']{3,40}+)"
)
"""A known beginning of a secret, or a name with what follows it. The group that matched is the beginning."""

KEY_WORD = (
    r"(?:(?:api[ _-]?)?keys?|tokens?|secrets?|credentials?|cookies?|PAT|schlüssel|geheimnis|claves?|clés?|jeton|chiavi"
    r"|chiave|chaves?|sleutel|klucz|nyckel|credencial(?:es)?|credenziali)"
)
_BETWEEN = r"(?:[ (]{1,2}+(?!https?+:)[^\W\d_][^\s\d.!?]{0,14}+(?=\s)){0,6}+"
_BEFORE_VALUE = r"[ \n]{0,2}+(?:=>|->|→|:=|[:=：|>(,])?[ \n]{0,2}+[\"'`“„«*]{0,2}+"
_FAR = rf"(?i)(?<![^\W_]){KEY_WORD}(?![^\W_]){_AFTER_NAME}{_BETWEEN}{_BEFORE_VALUE}(?<![0-9A-Za-z])"
FAR = re.compile(rf"{_FAR}(?P<far>(?=[0-9A-Za-z+])[A-Za-z0-9_+/=~-]{{16,40}}+)(?!\.\w)")
"""A word for a key, and in the same sentence what can be nothing else: "the API key for my export is 9f8e…"."""
_FAR_BEGUN = re.compile(rf"{_FAR}(?P<far>[A-Za-z0-9_+/=~-]{{0,40}}+\.?)\Z")
_FAR_STARTS = re2.compile(
    r"(?i)key|api|token|secret|credential|cookie|pat|schlüssel|geheimnis|clave|clé|jeton|chiav|chave|sleutel|klucz"
    r"|nyckel|credencial|credenzial"
)
_KEY_BEGUN = re.compile(rf"(?<![0-9A-Za-z_])(?:{CUT_KEYS})\Z")
_OTHER_BEGUN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?<!_)-----BEGIN[A-Z -]{{0,40}}|{_NAMED}{_NAMED_VALUE}{{0,40}}"
    rf"|[a-z][a-z+]{{2,14}}://[^\s:/@]{{0,40}}:[^\s:/]{{0,120}})\Z"
    r"|(?<!\S)(?:-u|--user)[ =][\"']?[^\s:\"'@]{1,40}:[^\s\"']{0,40}\Z"
)
"""The same at the end of a text, of which more may come; a key has no gaps."""
_OTHER_HINT = re2.compile(r"(?i)-----|key|secret|token|bearer|basic|clave|schlüssel|clé|://|-u|--user")
"""What `_OTHER_BEGUN` begins with, or has in it."""
LAST = re.compile(r"(?<![0-9A-Za-z_'’])(?:[A-Za-z0-9][A-Za-z0-9_.$/=-]{0,24}|(?<!-)-{1,5}(?:B(?:E(?:G(?:IN?)?)?)?)?)\Z")
MAX_VALUE, SHORT_KEY = 40, 24
SHORTEST_RANDOM, LEAST_CHANGES, LEAST_CHANGES_OF_LETTERS = 16, 4, 6
_CHANGES = re.compile(r"(?<=[0-9])[A-Za-z]|(?<=[A-Za-z])[0-9]|(?<=[a-z])[A-Z]|(?<=[A-Z]{2})[a-z]")
CLOSING = ".!?)\n "
_LONG = re.compile(r"[\w+/=.~-]{15}|://|-----BEGIN|-u |--user", re.ASCII)
"""As long as the shortest key with its prefix, or what else `PATTERN` begins with."""
HINT = re.compile(r"\d|@|[\w+/=.-]{16}|-----BEGIN|[零〇一二三四五六七八九]{4}|[①-⑨⓪⁰¹²³⁴-⁹₀-₉]{4}")
_RUN = re.compile(r"[A-Za-z0-9_.+/=-]*", re.ASCII)
_NAMED_RUN = re.compile(r"[^\s\"'`“”„«»,;<>•]*")
_PEM_END = re.compile(r"-----END [A-Z ]{0,30}-----")
_BEHIND_HOST = re.compile(r"[^\w@.-]|[\w.-]{40}|\.")
_PEM_RUN = re.compile(r"[A-Za-z0-9+/=\s\\:,-]*", re.ASCII)


def may_have(text: str) -> bool:
    """Whether there may be a key or a login: `PATTERN` finds nothing elsewhere."""
    return _LONG.search(text) is not None


def secret_length(found: re.Match[str], _before: str) -> int:
    """Length of the secret at a match of `PATTERN`, 0 for none."""
    beginning: str = found[found.lastindex or 0]
    if found.lastgroup == "url":
        return len(beginning)
    if found.lastgroup == "key" and not (is_private_key(beginning) or re.search(r"[\dA-Z]", beginning[2:])):
        return 0  # words with hyphens or underscores between
    if found.lastgroup == "named" and not (_is_key(beginning) or looks_random(beginning)):
        return 0
    if found.lastgroup == "far" and not looks_random(beginning):
        return 0
    return whole_length(found)


def whole_length(found: re.Match[str]) -> int:
    """Length of the secret whose beginning is what matched, with what follows it, without the end of a sentence."""
    beginning: str = found[found.lastindex or 0]
    more = rest(found.string, found.end(found.lastindex or 0), beginning)
    return len(beginning if more or beginning.startswith("-") else beginning.rstrip(".?)")) + more


def rest(text: str, begin: int, beginning: str) -> int:
    """How many characters from `begin` on belong to a secret that begins so."""
    if is_private_key(beginning) and (end := _PEM_END.search(text, begin)):
        return end.end() - begin
    return len(run_of(text, begin, beginning).rstrip(CLOSING))


def run_of(text: str, begin: int, beginning: str) -> str:
    """The characters from `begin` on that such a secret may have, with what a sentence ends in."""
    plain = _RUN if _RUN.fullmatch(beginning) else _NAMED_RUN
    run = _PEM_RUN if is_private_key(beginning) else plain
    found = run.match(text, begin)
    assert found is not None
    before_placeholder = found[0].endswith("[") and text.startswith("•", found.end())
    return found[0][:-1] if before_placeholder else found[0]


def may_go_on(found: re.Match[str]) -> bool:
    """Whether the secret at a match of `PATTERN` reaches to the end of the text, or to what ends a sentence there."""
    if found.lastgroup not in ("key", "named", "far", "login", "password", "bare"):
        return False
    beginning: str = found[found.lastgroup]
    begin = found.end(found.lastgroup)
    if is_private_key(beginning) and _PEM_END.search(found.string, begin):
        return False
    return begin + len(run_of(found.string, begin, beginning)) == len(found.string)


def is_private_key(beginning: str) -> bool:
    """Whether it is a private key in PEM, which ends in a line of its own."""
    return beginning.startswith("-----BEGIN")


def is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change whether this is a secret."""
    if found.lastgroup == "url":
        return _BEHIND_HOST.search(found.string, found.end()) is not None
    return found.lastgroup == "key" or len(found[found.lastindex or 0]) >= MAX_VALUE or found.end() < end


def begun_at(text: str) -> int:
    """Offset from which on the text, or its end, may become a secret; the text's length where nothing may."""
    found = [_KEY_BEGUN.search(text, max(text.rfind(" "), text.rfind("\n")) + 1)]
    if _OTHER_HINT.search(text):
        found.append(_OTHER_BEGUN.search(text))
    begun = [one.start() for one in found if one]
    begun += [one.start("far") for place in far_starts(text) if (one := _FAR_BEGUN.match(text, place))]
    if begun:
        return min(begun)
    last = LAST.search(text, max(0, len(text) - LONGEST_START))
    return last.start() if last and (last[0] in CUT_STARTS or last[0].startswith("-")) else len(text)


def _is_key(value: str) -> bool:
    """Whether it has digits and letters, as no word has."""
    digits = sum(map(str.isdigit, value))
    return digits < len(value) and (digits > 1 or (digits == 1 and len(value) > SHORT_KEY))


def far_starts(text: str) -> list[int]:
    """Where the words for keys may begin."""
    return [word.start() for word in _FAR_STARTS.finditer(text)]


def looks_random(value: str) -> bool:
    """Whether letters and digits, or capitals and others, change within its parts as in no word or reference."""
    if len(value) < SHORTEST_RANDOM:
        return False
    changes = sum(len(_CHANGES.findall(part)) for part in re.split(r"[^A-Za-z0-9]", value))
    return changes >= (LEAST_CHANGES if re.search(r"\d", value) else LEAST_CHANGES_OF_LETTERS)
