"""API keys, tokens, private keys and passwords: by the prefixes their issuers give them, or by their name before them.

A secret is recognised by its beginning; `rest` finds its end. So in a stream it need not be held as a whole.
"""

import re

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
_LABEL = (
    r"(?:pass ?words?|passwor[td]|passwrd|passphrase|passwd|pwd|pass ?code|kennwort|contraseña|contrasena|clave"
    r"|mot de passe|mdp|senha|wachtwoord|parola|hasło|пароль|密码|パスワード)"
)
_KEY_LABEL = (
    r"(?:(?:api|secret|access|private|auth|account|signing|encryption|service)[ _-]?keys?|secret[ _-]access[ _-]key"
    r"|clave(?: de)? api|api-schlüssel|clé(?: d['’])? ?api|(?:client|api|app|webhook|signing|shared)[ _-]?secret"
    r"|(?:access|auth|api|bearer|refresh|bot|session|secret|personal access)[ _-]?tokens?|tokens?)"
)
_WHICH = r"(?: ?#?\d{1,2}+| (?:i|we|you) (?!is )[a-z]{2,8}+| for(?: (?!is |was )[a-z]{2,12}+){1,3}+)?+"
_IS = (
    r"(?:[ \n]{0,2}(?:is|ist|es|est|é|è|was|war|lautet|=>|->|→|:=|[:=：|>])(?:\*\*)?[ \n]{0,2}"
    r"| [=:-] |['’]s )"
)
_QUOTE = "(?:[\"'`“„«]|\\*\\*)?"
_VALUE = r"(?!https?:|\[|<|\{|\$)[^\s\"'`“”„«»,;<>•]"

_AFTER_NAME = r"(?:[\"'`]|\*\*)?"
_PASSWORD = rf"(?i:{_LABEL}{_WHICH}){_AFTER_NAME}(?i:{_IS}){_QUOTE}"
_BARE = rf"(?i:(?:{_LABEL}|pass|pw)){_AFTER_NAME}(?i:{_IS}|[ \n]{{1,2}}){_QUOTE}"
_NAMED = rf"(?:(?i:{_KEY_LABEL}){_AFTER_NAME}(?i:{_IS}|[ ]){_QUOTE}|[Bb]earer )"
_NAMED_VALUE = "[A-Za-z0-9_+/=.~-]"

PATTERN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?<!_)(?=(?P<key>{_KEYS}))"
    rf"|{_PASSWORD}(?P<password>{_VALUE}{{5,40}}+)|{_BARE}(?P<bare>{_VALUE}{{8,40}}+)"
    rf"|{_NAMED}(?P<named>{_NAMED_VALUE}{{16,40}}+)"
    r"|[a-z][a-z+]{2,14}://[^\s:/@]{0,40}:(?P<url>[^\s:/@]{3,40}+)@)"
)
"""A known beginning of a secret, or a name with what follows it. The group that matched is the beginning."""

BEGUN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?<!_)(?:{_CUT_KEYS}|-----BEGIN[A-Z -]{{0,40}})"
    rf"|(?:{_PASSWORD}|{_BARE})(?:{_VALUE}){{0,40}}|{_NAMED}{_NAMED_VALUE}{{0,40}}"
    r"|[a-z][a-z+]{2,14}://[^\s:/@]{0,40}:[^\s:/@]{0,40})\Z"
)
STARTS = tuple(
    """sk- ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glptt- glft- glsoat- gloas- glagent- glimt-
    glcbt- AKIA ASIA ABIA ACCA AIza ya29. GOCSPX- xoxa xoxb xoxe xoxo xoxp xoxr xoxs xapp- sk_live_ sk_test_ rk_live_
    rk_test_ whsec_ SK AC SG. key- PMAK- doo_v1_ dop_v1_ dor_v1_ dot_v1_ shpat_ shpca_ shppa_ shpss_ sbp_ rubygems_
    npm_ xai- pypi- hf_ gsk_ r8_ pplx- lin_api_ ntn_ nvapi- dckr_o dckr_p hvs. hvb. sq0atp- sq0csp- figd_ glsa_ tvly-
    secret_ access-sandbox- access-development- access-production- tskey- xprv yprv zprv eyJ""".split()  # noqa: SIM905
)
"""The prefixes of `_PREFIXES`, and of what they begin with."""
CUT_STARTS = frozenset(start[:size] for start in STARTS for size in range(1, len(start))) - {"a", "A", "do", "i"}
LAST = re.compile(r"(?<![0-9A-Za-z_'’])(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,19}|(?<![^\n])-{1,10}(?:BEGIN)?)\Z")
MAX_VALUE, SHORT_KEY, LONGEST_START = 40, 24, 24
LEAST_BARE = 8
CLOSING = ".!?)\n "
_LONG = re.compile(r"[\w+/=.~-]{15}|://", re.ASCII)
"""As long as the shortest key with its prefix, or an address that may hold a password."""
HINT = re.compile(r"\d|@|[\w+/=.-]{16}|-----BEGIN|[零〇一二三四五六七八九]{4}|[①-⑨⓪⁰¹²³⁴-⁹₀-₉]{4}")
NAMES = (
    "pass", "pwd", "pw", "kennwort", "contrase", "clave", "mdp", "senha", "wachtwoord", "parola", "hasło", "пароль",
    "密码", "パスワード",
)  # fmt: skip
_RUN = re.compile(r"[A-Za-z0-9_.+/=-]*", re.ASCII)
_NAMED_RUN = re.compile(r"[^\s\"'`“”„«»,;<>•]*")
_PEM_END = re.compile(r"-----END [A-Z ]{0,30}-----")
_AMOUNT = re.compile(r"[\d.:/-]{1,41}[€£%]?")  # or a date
_PEM_RUN = re.compile(r"[A-Za-z0-9+/=\s\\:,-]*", re.ASCII)


def may_have(text: str) -> bool:
    """Whether there is anything as long as a key, or the name of a password: `PATTERN` finds nothing elsewhere."""
    if _LONG.search(text) or "-----BEGIN" in text:
        return True
    folded = text.casefold()
    return any(name in folded for name in NAMES)


def secret_length(found: re.Match[str], _before: str) -> int:
    """Length of the secret at a match of `PATTERN`, 0 for none."""
    beginning: str = found[found.lastindex or 0]
    if found.lastgroup == "url":
        return len(beginning)
    if beginning.startswith("sk-") and not re.search("[A-Z0-9]", beginning):
        return 0  # the words of a style sheet
    if found.lastgroup == "password" and not _is_password(beginning):
        return 0
    if found.lastgroup == "bare" and not _is_strong(beginning):
        return 0
    if found.lastgroup == "named" and not _is_key(beginning):
        return 0
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
    return found[0]


def may_go_on(found: re.Match[str]) -> bool:
    """Whether the secret at a match of `PATTERN` reaches to the end of the text, or to what ends a sentence there."""
    beginning: str = found[found.lastindex or 0]
    begin = found.end(found.lastindex or 0)
    if found.lastgroup == "url" or (is_private_key(beginning) and _PEM_END.search(found.string, begin)):
        return False
    return begin + len(run_of(found.string, begin, beginning)) == len(found.string)


def is_private_key(beginning: str) -> bool:
    """Whether it is a private key in PEM, which ends in a line of its own."""
    return beginning.startswith("-----BEGIN")


def is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change whether this is a secret."""
    size = len(found[found.lastindex or 0])
    return found.lastgroup in ("key", "url") or size >= MAX_VALUE or found.end(found.lastindex or 0) < end


def begun_at(text: str) -> int:
    """Offset from which on the text, or its end, may become a secret; the text's length where nothing may."""
    found = BEGUN.search(text)
    if found:
        return found.start()
    last = LAST.search(text, max(0, len(text) - LONGEST_START))
    return last.start() if last and (last[0] in CUT_STARTS or last[0].startswith("-")) else len(text)


def _is_key(value: str) -> bool:
    """Whether it has digits and letters, as no word has."""
    digits = sum(map(str.isdigit, value))
    return digits < len(value) and (digits > 1 or (digits == 1 and len(value) > SHORT_KEY))


def _is_strong(value: str) -> bool:
    """Whether it can be nothing but a password: letters in both cases, or with a sign, and digits."""
    plain = value.rstrip(CLOSING)
    signs = re.search(r"[a-z]", plain) and re.search(r"[A-Z!#$%^&*+=@~_]", plain)
    return len(plain) >= LEAST_BARE and bool(signs) and re.search(r"\d", plain) is not None


def _is_password(value: str) -> bool:
    """Whether it is no ordinary word, which "password:" and "password is" come before, too."""
    plain = value.rstrip(".?)")
    if re.fullmatch(r"[*•xX._-]{1,41}|.{0,5}", plain) or (not plain.isdigit() and _AMOUNT.fullmatch(plain)):
        return False
    return bool(re.search(r"\d|[!#$%^&*+=@~|\\]|[a-z][A-Z]", plain)) or plain.count("-") > 1
