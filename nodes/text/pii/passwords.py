"""Passwords and passphrases: what stands behind their name, or before it, and can be no ordinary text.

A word of letters only counts where it is plainly told: in quotation marks, or behind a colon and alone up to the end of
its line or sentence.
"""

import re

import re2

from nodes.text.pii import secrets
from nodes.text.pii.context import NAMED_BY, NAMED_BY_BEGUN

LABEL = (
    r"(?:(?:pg|db|ssh)?pass ?words?|sshpass|passwor[td]|pass?w(?:oo|o)rd|passwrd|psswd|pswd|psw|p/w|passw"
    r"|passphrase|passwd|pwd|pw|pass ?code|kennwort"
    r"|contraseña|contrasena|clave|mot de passe|mdp|senha|wachtwoord|parola(?: mea)?|hasło|haslo|lösenord|losenord"
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
    r"(?: (?!is |was |ist |es |est |è |é )[^\W\d]{1,14}+(?:['’]s)?+){1,4}?)?"
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
_TOLD = rf"(?<![^\s\"'`“„«(])(?P<told>(?=[^\s\d]{{0,39}}\d)(?=[^\s]{{0,39}}[^\W\d_]){_START}{_CHAR}{{6,40}}+)"
BEHIND = re.compile(
    rf"(?i){_TOLD}[\"'`”»)]?,?{NAMED_BY}(?: ?+{_MY}(?= )){{0,2}}+(?: [^\W\d]{{2,14}}+){{0,2}}? ?{LABEL}(?![^\W_])"
)
"""A password with its name behind it."""
BEGUN_BEHIND = re.compile(rf"(?i){_TOLD}[\"'`”»)]?,?{NAMED_BY_BEGUN}\Z")
"""The same, of which more may come."""

_DIGIT = re.compile(r"\d")
STARTS = re2.compile(
    r"(?i)(?:pg|db|ssh)?pass|pasw|psw|pss|p/w|pwd|pw|wi-?fi[ -]|wlan|wireless|network[ -]|(?:security"
    r"|secret) answer|memorable"
    r"|answer to|kennwort|contrase|clave|mot de passe|mdp|senha|wachtwoord|parola|has[lł]o"
    r"|l[oö]senord|adgangskode|kodeord|salasana|heslo|jelszó|şifre|пароль|密码|密碼|パスワード|비밀|암호|पासवर्ड|كلمة|סיסמ|κωδικός"
    r"|(?:seed|recovery|secret|backup|mnemonic|wallet)[ -](?:phrase|words)|mnemonic|wiederherstellung|phrase|frase"
    r"|credential|credencial|credenzial|log ?in|sign ?in|zugang|anmeldedaten|identifiants"
)
"""Where the name of a password, or of a login, may begin."""
SIGHT = 100
"""Characters that a password and its name behind it have at most."""
LEAST, LEAST_BARE = 5, 8
_OPENING = tuple("\"'“”„«»‘’`")
_STOP_BEHIND = re.compile(r"[,;!)]|[ ]?\n|\Z")
_STATE = re.compile(r"(?:ed|ing|able|ible|ful|less|ly|ive|ent|ant|ous)\Z")
_AMOUNT = re.compile(r"[\d.:/-]{1,41}[€£%]?")  # or a date
_MEASURE = re.compile(r"\d{1,8}[^\W\d_]{1,12}|[^\W\d_]{1,12}-\d{1,4}(?:-[^\W\d_]{1,12})?")  # "256bit", "top-10-list"
_PRODUCTS = frozenset(
    """1password sha256 sha512 sha1 base64 office365 microsoft365 windows11 windows10 iphone15 bitwarden2 covid19
    page1 section1 step1 step2 part1 part2""".split()  # noqa: SIM905
)
_STATES = frozenset(
    """wrong incorrect invalid expired weak strong correct right required needed missing forgotten forgot lost changed
    reset empty blank none null true false hidden safe secure insecure unknown optional encrypted hashed stored saved
    compromised leaked stolen hacked exposed broken locked blocked disabled protected unsafe okay fine good same unique
    different this that here below above there working accepted rejected refused denied confirmed updated short long
    easy hard simple complex mandatory default temporary masked redacted removed string text value field please enter
    password passwords random case help cannot must should needs contains minimum maximum never always when what which
    where your mine ours theirs login sign click visit https http still because twice again today tomorrow private bitte
    personal confidential unchanged outdated obsolete visible readable enough online shared recommended yes
    falsch richtig abgelaufen vergessen erforderlich notwendig sicher unsicher geändert gesperrt ungültig gleich leer
    nötig geheim korrekt zurückgesetzt bekannt unbekannt incorrect oublié expiré faux perdu obligatoire requis invalide
    sécurisé incorrecta incorrecto olvidada caducada obligatoria requerida inválida segura correcta débil errata scaduta
    sbagliata dimenticata obbligatoria corretta sicura errada incorreta expirada esquecida obrigatória verkeerd verlopen
    vergeten verplicht juist onjuist""".split()  # noqa: SIM905
)
"""What is said of a password, and is none."""


def password_length(found: re.Match[str], _before: str) -> int:
    """Length of the beginning of a password at a match of `PATTERN` or `BEHIND`, as far as it matched; 0 for none."""
    kind = found.lastgroup or ""
    value = found[kind]
    if kind in ("phrase", "seed"):
        return len(value)
    if kind == "quoted":
        words = {word.casefold() for word in re.findall(r"[^\W\d_]{1,40}", value)}
        return 0 if words & _STATES or _STOPS.search(value) else len(value)
    if kind == "told":
        return len(value) if _is_strong(value) else 0
    good = _is_strong(value) if kind == "bare" else _is_password(value) or _is_told_word(found, value)
    return secrets.whole_length(found) if good else 0


def is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change whether this is a password."""
    size = len(found[found.lastindex or 0])
    return (size >= secrets.MAX_VALUE and found.lastgroup in ("password", "bare")) or found.end() + 1 < end


def begun_at(text: str) -> int:
    """Offset from which on the text, or its end, may become a password; the text's length where nothing may."""
    first = max(0, len(text) - SIGHT)
    begun = [BEGUN_BEHIND.search(text, first)] if _DIGIT.search(text, first) else []
    names = starts(text)
    begun += [BEGUN.match(text, place) for place in names]
    if names:
        begun.append(_SECOND_BEGUN.search(text, first))
    return min((one.start() for one in begun if one), default=len(text))


def starts(text: str) -> list[int]:
    """Where the names of passwords may begin."""
    return [name.start() for name in STARTS.finditer(text)]


def _is_strong(value: str) -> bool:
    """Whether it can be nothing but a password: letters in both cases, with a sign, or before digits."""
    plain = value.rstrip(secrets.CLOSING)
    if len(value) < LEAST_BARE or _MEASURE.fullmatch(plain) or plain.casefold() in _PRODUCTS:
        return False
    letters = re.search(r"[^\W\d_]", plain) and re.search(r"\d", plain)
    both = re.search(r"[a-z]", plain) and re.search(r"[A-Z!#$%^&*+=@~_]", value)
    return letters is not None and (bool(both) or re.fullmatch(r"[^\W\d_]{3,24}\d{1,8}", plain) is not None)


def _is_password(value: str) -> bool:
    """Whether it is no ordinary word, which "password:" and "password is" come before, too."""
    plain = value.rstrip(".?)")
    if re.fullmatch(r"[*•xX._-]{1,41}|.{0,4}", plain) or (not plain.isdigit() and _AMOUNT.fullmatch(plain)):
        return False
    if plain.casefold() in _PRODUCTS or (len(plain) == LEAST and plain.isdigit()):
        return False
    return bool(re.search(r"\d|[!#$%^&*+=@~|\\]|[a-z][A-Z]", plain)) or plain.count("-") > 1


def _is_told_word(found: re.Match[str], value: str) -> bool:
    """Whether it is a word that is plainly told as the password: in quotation marks, or alone up to a stop."""
    plain, begin, end = value.rstrip(".!?)"), found.start("password"), found.end("password")
    if not plain.isalpha() or plain.casefold() in _STATES or _STATE.search(plain):
        return False
    before, after = found.string[max(0, begin - 3) : begin].rstrip(), found.string[end : end + 2]
    if before[-1:] in _OPENING:
        return after[:1] in _OPENING
    return len(plain) < len(value) or _STOP_BEHIND.match(after) is not None
