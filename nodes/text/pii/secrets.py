"""API keys, tokens, private keys and logins in addresses: by their issuers' prefixes, or by their name before them.

A secret is recognised by its beginning; `rest` finds its end. So in a stream it need not be held as a whole.
"""

import re

import re2

_HEX, _WORD, _PLAIN = "[0-9a-f]", "[A-Za-z0-9_-]", "[A-Za-z0-9]"
_PREFIXES = (
    # The prefix, the characters that follow it, and how many of them are enough to be sure.
    (r"sk-", _WORD, 20),  # OpenAI, Anthropic, OpenRouter, DeepSeek
    (r"gh[pousr]_|github_pat_", r"\w", 20),
    (r"gl(?:pat|dt|rt|ptt|ft|soat|oas|agent|imt|cbt)-", _WORD, 16),
    (r"AKIA|ASIA|ABIA|ACCA", "[A-Z0-9]", 16),  # AWS
    (r"AIza", _WORD, 30),  # Google
    (r"ya29\.|GOCSPX-", _WORD, 20),
    (r"xox[abeoprs](?:-|\.xox)|xapp-\d-", "[A-Za-z0-9-]", 10),  # Slack
    (r"[sr]k_(?:live|test)_", _PLAIN, 10),  # Stripe
    (r"whsec_", "[A-Za-z0-9+/=]", 16),
    (r"SK|AC", _HEX, 32),  # Twilio
    (r"SG\.", _WORD, 20),  # SendGrid
    (r"key-|PMAK-|do[oprt]_v1_|shp(?:at|ca|pa|ss)_|sbp_|rubygems_", _HEX, 20),
    (r"npm_|xai-", _PLAIN, 30),
    (r"pypi-", _WORD, 30),
    (r"hf_|gsk_|r8_|pplx-|lin_api_|ntn_", _PLAIN, 20),
    (r"nvapi-|dckr_[op]at_|hv[sb]\.|sq0(?:atp|csp)-|figd_|glsa_|tvly-", _WORD, 20),
    (r"secret_", _PLAIN, 40),  # Notion
    (r"access-(?:sandbox|development|production)-", "[0-9a-f-]", 13),  # Plaid
    (r"tskey-[a-z]{3,8}-", _PLAIN, 10),
    (r"\d{8,10}:AA", _WORD, 30),  # Telegram
    (r"[xyz]prv", _PLAIN, 60),  # wallets
    (r"eyJ", _WORD, 14),  # JSON Web Token
    (r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----", "", 0),
)
_KEYS = "|".join(f"(?:{prefix}){chars}{{{count}}}" if count else prefix for prefix, chars, count in _PREFIXES)
_CUT_KEYS = "|".join(f"(?:{prefix}){chars}{{0,{count - 1}}}" for prefix, chars, count in _PREFIXES if count)
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
    rf"(?<![0-9A-Za-z])(?:(?<!_)(?=(?P<key>{_KEYS}))|{_NAMED}(?P<named>{_NAMED_VALUE}{{16,40}}+)"
    rf"|[a-z][a-z+]{{2,14}}://[^\s:/@]{{0,40}}:(?P<url>{_NO_AT})@)"
    r"|(?<!\S)(?:-u|--user)[ =][\"']?[^\s:\"'@]{1,40}:(?P<login>[^\s\"']{3,40}+)"
)
"""A known beginning of a secret, or a name with what follows it. The group that matched is the beginning."""

_KEY_BEGUN = re.compile(rf"(?<![0-9A-Za-z_])(?:{_CUT_KEYS})\Z")
_OTHER_BEGUN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?<!_)-----BEGIN[A-Z -]{{0,40}}|{_NAMED}{_NAMED_VALUE}{{0,40}}"
    rf"|[a-z][a-z+]{{2,14}}://[^\s:/@]{{0,40}}:[^\s:/]{{0,120}})\Z"
    r"|(?<!\S)(?:-u|--user)[ =][\"']?[^\s:\"'@]{1,40}:[^\s\"']{0,40}\Z"
)
"""The same at the end of a text, of which more may come; a key has no gaps."""
_OTHER_HINT = re2.compile(r"(?i)-----|key|secret|token|bearer|basic|clave|schlüssel|clé|://|-u|--user")
"""What `_OTHER_BEGUN` begins with, or has in it."""
STARTS = tuple(
    """sk- ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glptt- glft- glsoat- gloas- glagent- glimt-
    glcbt- AKIA ASIA ABIA ACCA AIza ya29. GOCSPX- xoxa xoxb xoxe xoxo xoxp xoxr xoxs xapp- sk_live_ sk_test_ rk_live_
    rk_test_ whsec_ SK AC SG. key- PMAK- doo_v1_ dop_v1_ dor_v1_ dot_v1_ shpat_ shpca_ shppa_ shpss_ sbp_ rubygems_
    npm_ xai- pypi- hf_ gsk_ r8_ pplx- lin_api_ ntn_ nvapi- dckr_o dckr_p hvs. hvb. sq0atp- sq0csp- figd_ glsa_ tvly-
    secret_ access-sandbox- access-development- access-production- tskey- xprv yprv zprv eyJ""".split()  # noqa: SIM905
)
"""The prefixes of `_PREFIXES`, and of what they begin with."""
CUT_STARTS = frozenset(start[:size] for start in STARTS for size in range(1, len(start))) - {"a", "A", "do", "i"}
LAST = re.compile(r"(?<![0-9A-Za-z_'’])(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,19}|(?<!-)-{1,5}(?:B(?:E(?:G(?:IN?)?)?)?)?)\Z")
MAX_VALUE, SHORT_KEY, LONGEST_START = 40, 24, 24
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
    if beginning.startswith("sk-") and not re.search("[A-Z0-9]", beginning):
        return 0  # the words of a style sheet
    if found.lastgroup == "named" and not _is_key(beginning):
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
    if found.lastgroup not in ("key", "named", "login", "password", "bare"):
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
    begun = [_KEY_BEGUN.search(text, max(text.rfind(" "), text.rfind("\n")) + 1)]
    if _OTHER_HINT.search(text):
        begun.append(_OTHER_BEGUN.search(text))
    if any(begun):
        return min(one.start() for one in begun if one)
    last = LAST.search(text, max(0, len(text) - LONGEST_START))
    return last.start() if last and (last[0] in CUT_STARTS or last[0].startswith("-")) else len(text)


def _is_key(value: str) -> bool:
    """Whether it has digits and letters, as no word has."""
    digits = sum(map(str.isdigit, value))
    return digits < len(value) and (digits > 1 or (digits == 1 and len(value) > SHORT_KEY))
