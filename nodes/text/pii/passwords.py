"""Passwords and passphrases: what stands behind their name, or before it, and can be no ordinary text.

A word of letters only counts where it is plainly told: in quotation marks, or behind a colon and alone up to the end of
its line or sentence.
"""

import re

import re2

from nodes.text.pii import secrets
from nodes.text.pii.context import NAMED_BY, NAMED_BY_BEGUN, NAMELY, NEXT, OWN_WORD, TELLS
from nodes.text.pii.password_words import COMMON, PRODUCTS, STATES

LABEL = (
    r"(?:(?:pg|db|ssh)?pass ?words?|sshpass|passwor[td]|pass?w(?:oo|o)rd|passwrd|psswd|pswd|psw|p/w|passw"
    r"|passphrase|passwd|pwd|pw|pass ?code|passwörter|kennw(?:or|ör)t(?:er)?"
    r"|contraseña|contrasena|clave|mots? de passe|mdp|senha|palavra[ -]passe|wachtwoord|paswoord|parola d['’]ordine"
    r"|code wi-?fi|parola(?: mea)?|has[łl][oa]|lösenord|losenord"
    r"|adgangskode|kodeord|passord|salasana|heslo|jelszó|şifre(?:m|si)?|parola(?:m|sı)?|пароль|密码"
    r"|(?:wi-?fi|wlan|wireless|network)[ -](?:key|schlüssel|code)|(?:security|secret) answer|memorable word"
    r"|answer to (?:my|the|your) (?:security|secret) question"
    r"|密碼|パスワード|비밀 ?번호|암호|पासवर्ड|كلمة (?:المرور|السر)|סיסמ[אה]|κωδικός)"
)
_OWN = (
    r"(?<!ing )(?<!ski )(?<!bus )(?<!day )(?<!rail )(?<!son )(?<!ual )(?<!hly )(?<!eum )(?<!vel )(?<!gym )(?<!ark )"
    r"(?<!est )(?<!city )pass"
)
"""The word "pass" where it is no boarding pass."""
_WHICH = (
    r"(?: ?#?\d{1,2}+| (?:i|we|you) (?!is )[a-z]{2,8}+"
    r"| (?:for|to|of|at|on|für|zu|zum|vom|von|der|pour|de|du|del|della|di|da|do|para|per|voor|van|till|til|på)"
    rf"(?: (?!is |was |ist |es |est |è |é ){OWN_WORD}){{1,4}}?)?"
)
_MARK = r"(?:=>|->|→|:=|[:=：|>]|—|–)"
_IS = (
    rf"(?:[ \n]{{0,2}}(?:(?:is|ist|es|est|é|è|was|war|lautet|är|jest|это)(?![^\W_])"
    r"(?: ?:| (?:still|now|just|simply|currently|jetzt|noch|maintenant|ahora|adesso|nu)(?= ))?"
    rf"|{_MARK})(?:\*\*)?[ \n]{{0,2}}"
    r"| [=:-] |['’]s | c['’]est |(?<=ło) to |(?<=[dei]) er |(?<=n[ia]) on | ?(?:は|が|是|은|는) ?)"
)
_QUOTE = "(?:[\"'`“„«‘]|\\*\\*)?"
_AFTER_NAME = r"(?:[\"'`]|\*\*)?"
_START = r"(?!https?:|\[•|<|\{|\$)"
_CHAR = r"(?:(?!\[•)[^\s\"'`“”„«»,;<>•])"
_NEW = r" (?:will be|should be|used to be|is set to|to|from|changed to|set to|now|was) "
_MY = r"(?:my|our|his|her|the|mein|meine|unser|das|mon|ma|le|mi|la|il|mio|mia|meu|minha|a|mijn|het|mój|moje|mitt|min)"

_STOP = (
    "the|and|but|for|with|not|has|have|had|was|are|were|too|very|long|should|must|can|cannot|this|that|your|you|his|her"
    "|from|they|them|which|because|when|where|what|who|will|would|could|please|need|needs|word|words|written|stored"
    "|saved|kept|safe|safely|never|always|only|also|just|here|there|about|how|does|did|isn|aren|wrong|lost|invalid"
    "|und|nicht|der|die|das|ist|mit|auf|von|sicher|les|des|pour|dans|que|por|con|para|del|los|las"
)
_STOPS = re.compile(rf"(?i)(?<![^\W_])(?:{_STOP})(?![^\W_])")
_PHRASE_WORD = rf"(?!(?:{_STOP})(?![^\W_]))[^\W\d_]{{3,12}}+"
_PHRASE_LABEL = (
    r"(?:pass ?phrase|(?:seed|recovery|secret|backup|mnemonic|wallet)[ -](?:phrase|words)|mnemonic"
    r"|wiederherstellungs(?:phrase|wörter)|phrase (?:secrète|de récupération)|frase (?:semilla|de recuperaci[oó]n))"
)

PATTERN = re.compile(
    rf"(?i)(?:(?<![^\W\d_])|(?<=[的の]))(?:{_PHRASE_LABEL}{_WHICH}{_AFTER_NAME}"
    rf"(?:{_IS}{_QUOTE}(?P<phrase>{_PHRASE_WORD}(?:[ -]{_PHRASE_WORD}){{3,23}}+)"
    rf"|{_IS}?[ ]?(?P<seed>{_PHRASE_WORD}(?: {_PHRASE_WORD}){{11,23}}+))"
    rf"|{LABEL}{_WHICH}{_AFTER_NAME}{_IS}[\"“„«](?P<quoted>(?=[^\"”»\n•]{{0,60}} )[^\"”»\n•]{{6,60}}+)[\"”»]"
    rf"|(?:{LABEL}"
    rf"|{_OWN}){_WHICH}{_AFTER_NAME}{_IS}{_QUOTE}(?:\[[•=#]{{2,14}}\](?=[^\W_]))?{_START}(?P<password>{_CHAR}{{5,40}}+)"
    rf"|(?:{LABEL}|pass){_AFTER_NAME}(?:[ \n]{{1,2}}|{_NEW}){_QUOTE}{_START}(?P<bare>{_CHAR}{{8,40}}+))"
)
_LOGIN = (
    r"(?:credentials|sign ?in|log ?in(?: data| details)?|zugangsdaten|zugang|anmeldedaten|identifiants"
    r"|credenciales|credenziali)"
)
_AND_THEN = r"(?:,? (?:and|und|et|y|e)(?: then| dann| puis)?|,? then)"
_NOW_IS = (
    r",? (?:and|but|und|et|y|e) (?:now |jetzt )?(?:it['’]s|it is|the new one is|the new one['’]s|new one is)(?: now)?"
)
SECOND = re.compile(
    rf"(?i)(?<![^\W\d_])(?:{LABEL}[^.!?\d\n•]{{0,24}} (?:from|von|de|da|van) (?:\[•{{6}}\]|[^\s•]{{1,40}}+)"
    rf" (?:to|auf|zu|a|à|para|in|naar|into)|{LABEL}{_WHICH}{_IS}(?:\[•{{6}}\]|[^\s•]{{1,40}}+){_NOW_IS}"
    rf"|{_LOGIN}(?:['’]s| is)?[ :=-]{{1,3}}[^\s/:,]{{2,40}}(?: ?/|:|{_AND_THEN}(?= )))"
    rf" ?{_QUOTE}{_START}(?P<bare>{_CHAR}{{8,40}}+)"
)
"""A name with two passwords behind it, or a login with its user."""
_SECOND_BEGUN = re.compile(
    rf"(?i)(?: (?:to|auf|zu|a|à|para|in|naar|into)|[/:]|{_NOW_IS}|{_AND_THEN}) ?{_QUOTE}(?:{_START}{_CHAR}{{1,40}}+)?\Z"
)
"""The name of a password with what follows it; the group that matched is the password, or its beginning."""
BEGUN = re.compile(
    rf"(?i)(?:(?<![^\W\d_])|(?<=[的の]))(?:{_PHRASE_LABEL}{_WHICH}{_AFTER_NAME}{_IS}?[ ]?{_QUOTE}"
    rf"(?:{_PHRASE_WORD}[ -]){{0,24}}+(?:[^\W\d_]{{1,12}}+)?"
    rf"|{LABEL}{_WHICH}{_AFTER_NAME}{_IS}[\"“„«][^\"”»\n•]{{0,60}}+"
    rf"|(?:{LABEL}|{_OWN}){_WHICH}{_AFTER_NAME}{_IS}{_QUOTE}(?:\[[•=#]{{2,14}}\])?(?:{_START}{_CHAR}{{0,40}}+)?"
    rf"|(?:{LABEL}|pass){_AFTER_NAME}(?:[ \n]{{1,2}}|{_NEW}){_QUOTE}(?:{_START}{_CHAR}{{0,40}}+)?)\Z"
)
"""The same, of which more may come."""
_TOLD = rf"(?<![^\s\"'`“„«(])(?P<told>(?=[^\s\d]{{0,39}}\d)(?=[^\s]{{0,39}}[^\W\d_]){_START}{_CHAR}{{6,80}}+)"
BEHIND = re.compile(
    rf"(?i){_TOLD}[\"'`”»)]?,?{NAMED_BY}(?: ?+{_MY}(?= )){{0,2}}+(?: [^\W\d]{{2,14}}+){{0,2}}?"
    rf" ?(?:{LABEL}|{secrets.KEY_WORD})(?![^\W_])"
)
"""A password or a key with its name behind it."""
BEGUN_BEHIND = re.compile(rf"(?i){_TOLD.replace('{6,80}', '{1,80}')}[\"'`”»)]?,?{NAMED_BY_BEGUN}\Z")
"""The same, of which more may come."""

_OF_OTHERS = r"(?:user|login|email|e-mail|benutzer|nutzer|identifiant|usuari|utente|gebruiker|model|version)"
_BEGIN = r"(?:(?<![^\W\d_])|(?=pass?wor[dt]|kennwort|wachtwoord|passord))"
"""Where a word begins, or one within a compound."""
_FAR = (
    rf"(?i){_BEGIN}(?:{LABEL}|{_OWN})(?:en|ets?|s)?{_AFTER_NAME}"
    rf"(?:{NEXT}|(?:[ (]{{1,2}}+(?!http|{_OF_OTHERS})[^\W\d_][^\s\d.,;:!?=•]{{0,17}}+(?=[\s.,:=?])){{0,8}}?)"
    rf"(?:{TELLS}:?|['’]s(?= )|[,.]?(?: ?{_MARK}|=| =| -))[ ]?{_QUOTE}{_START}"
)
FAR = re.compile(rf"{_FAR}(?P<far>{_CHAR}{{8,40}}+)")
"""The name of a password with words that belong to it, and what is told as its value and can be nothing else."""
_FAR_BEGUN = re.compile(rf"{_FAR}{_CHAR}{{0,40}}+\Z")

_OF_WORDS = (
    rf"(?i){_BEGIN}(?!clave|parola(?! d)){LABEL}{_WHICH}{_AFTER_NAME}(?:{_IS}|,? {NAMELY} | (?=[\"“„«])){_QUOTE}"
)
WORDS = re.compile(
    rf"{_OF_WORDS}(?P<words>{_PHRASE_WORD}(?: {_PHRASE_WORD}){{2,6}}+)(?=[\"'`”»*]{{0,2}}(?:[,.;!?)\n]| [(–—-]|\Z))"
)
"""The name of a password, and ordinary words up to the end of their clause.

"Clave" and "parola" have other meanings, of which sentences are said: "la clave es gastar menos dinero".
"""
_WORDS_BEGUN = re.compile(rf"{_OF_WORDS}(?:{_PHRASE_WORD} ){{0,7}}+(?:[^\W\d_]{{1,12}}+)?[ \"'`”»*]{{0,2}}\Z")

_DIGIT = re.compile(r"\d")
STARTS = re2.compile(
    r"(?i)(?:pg|db|ssh)?pass|pasw|psw|pss|p/w|pwd|pw|wi-?fi[ -]|wlan|wireless|network[ -]|(?:security"
    r"|secret) answer|memorable"
    r"|answer to|kennw|contrase|clave|mots? de passe|mdp|senha|palavra|wachtwoord|paswo|parola|has[lł][oa]|code wi"
    r"|l[oö]senord|adgangskode|kodeord|salasana|heslo|jelszó|şifre|пароль|密码|密碼|パスワード|비밀|암호|पासवर्ड|كلمة|סיסמ|κωδικός"
    r"|(?:seed|recovery|secret|backup|mnemonic|wallet)[ -](?:phrase|words)|mnemonic|wiederherstellung|phrase|frase"
    r"|credential|credencial|credenzial|log ?in|sign ?in|zugang|anmeldedaten|identifiants"
)
"""Where the name of a password, or of a login, may begin."""
SIGHT = 100
"""Characters that a password and its name behind it have at most."""
LEAST, LEAST_BARE, FOUR_WORDS = 5, 8, 4
_OPENING = tuple("\"'“”„«»‘’`")
_STOP_BEHIND = re.compile(r"[,;!)]|[ ]?\n|\Z")
_STATE = re.compile(r"(?:ed|ing|able|ible|ful|less|ly|ive|ent|ant|ous)\Z")
_AMOUNT = re.compile(r"[\d.:/-]{1,41}[€£%]?")  # or a date
_MEASURE = re.compile(r"\d{1,8}[^\W\d_]{1,12}|[^\W\d_]{1,12}-\d{1,4}(?:-[^\W\d_]{1,12})?")  # "256bit", "top-10-list"


def password_length(found: re.Match[str], _before: str) -> int:
    """Length of the beginning of a password at a match of `PATTERN` or `BEHIND`, as far as it matched; 0 for none."""
    kind = found.lastgroup or ""
    value = found[kind]
    if kind in ("phrase", "seed"):
        return len(value)
    if kind == "words":
        return len(value) if _is_of_chosen_words(value, told="=" in found[0] or ":" in found[0]) else 0
    if kind == "quoted":
        words = {word.casefold() for word in re.findall(r"[^\W\d_]{1,40}", value)}
        return 0 if words & STATES or _STOPS.search(value) else len(value)
    if kind == "told":
        return len(value) if _is_strong(value) or secrets.looks_random(value) else 0
    if kind == "far":
        return secrets.whole_length(found) if _is_strong(value) or _is_in_parts(value) else 0
    good = _is_strong(value) if kind == "bare" else _is_password(value) or _is_told_word(found, value)
    return secrets.whole_length(found) if good else 0


def is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change whether this is a password."""
    size = len(found[found.lastindex or 0])
    return (size >= secrets.MAX_VALUE and found.lastgroup in ("password", "bare", "far")) or found.end() + 1 < end


def begun_at(text: str) -> int:
    """Offset from which on the text, or its end, may become a password; the text's length where nothing may."""
    first = max(0, len(text) - SIGHT)
    begun = [BEGUN_BEHIND.search(text, first)] if _DIGIT.search(text, first) else []
    names = starts(text)
    begun += [one.match(text, place) for place in names for one in (BEGUN, _FAR_BEGUN, _WORDS_BEGUN)]
    if names:
        begun.append(_SECOND_BEGUN.search(text, first))
    return min((one.start() for one in begun if one), default=len(text))


def starts(text: str) -> list[int]:
    """Where the names of passwords may begin."""
    return [name.start() for name in STARTS.finditer(text)]


def starts_or_keys(text: str) -> list[int]:
    """The same, or where words for keys may begin."""
    return starts(text) or secrets.far_starts(text)


def _is_strong(value: str) -> bool:
    """Whether it can be nothing but a password: letters in both cases, with a sign, or before digits."""
    plain = value.rstrip(secrets.CLOSING)
    if len(value) < LEAST_BARE or _MEASURE.fullmatch(plain) or plain.casefold() in PRODUCTS:
        return False
    letters = re.search(r"[^\W\d_]", plain) and re.search(r"\d", plain)
    both = re.search(r"[a-z]", plain) and re.search(r"[A-Z!#$%^&*+=@~_]", value)
    return letters is not None and (bool(both) or re.fullmatch(r"[^\W\d_]{3,24}\d{1,8}", plain) is not None)


def _is_in_parts(value: str) -> bool:
    """Whether it is words and digits with hyphens between, as generators make them."""
    return value.count("-") > 1 and re.search(r"[^\W\d_]", value) is not None and re.search(r"\d", value) is not None


def _is_password(value: str) -> bool:
    """Whether it is no ordinary word, which "password:" and "password is" come before, too."""
    plain = value.rstrip(".?)")
    if re.fullmatch(r"[*•xX._-]{1,41}|.{0,4}", plain) or (not plain.isdigit() and _AMOUNT.fullmatch(plain)):
        return False
    if plain.casefold() in PRODUCTS or (len(plain) == LEAST and plain.isdigit()):
        return False
    return bool(re.search(r"\d|[!#$%^&*+=@~|\\]|[a-z][A-Z]", plain)) or plain.count("-") > 1


def _is_of_chosen_words(value: str, *, told: bool) -> bool:
    """Whether these words make no sentence: three, or four behind a colon, and one of them said of passwords at most.

    Args:
        value: words with spaces between.
        told: whether they stand behind a sign and no verb, where people write remarks, too.
    """
    words = value.casefold().split()
    ordinary = sum(word in STATES or _STATE.search(word) is not None for word in words)
    few = len(words) < FOUR_WORDS
    return COMMON.isdisjoint(words) and ordinary <= (not few) and not (few and told)


def _is_told_word(found: re.Match[str], value: str) -> bool:
    """Whether it is a word that is plainly told as the password: in quotation marks, or alone up to a stop."""
    plain, begin, end = value.rstrip(".!?)"), found.start("password"), found.end("password")
    if not plain.isalpha() or plain.casefold() in STATES or _STATE.search(plain):
        return False
    before, after = found.string[max(0, begin - 3) : begin].rstrip(), found.string[end : end + 2]
    if before[-1:] in _OPENING:
        return after[:1] in _OPENING
    return len(plain) < len(value) or _STOP_BEHIND.match(after) is not None
