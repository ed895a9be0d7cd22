"""PINs, card verification codes, transaction numbers and one-time codes: short numbers that only their name tells.

The name stands before the code ("CVV on the back: 847"), or right behind it ("4821 is my PIN"). A verification code is
recognised behind a card's number and date, too, and a second code behind the first ("… and my wife's 7730").
"""

import re

import re2

from nodes.text.pii import cards
from nodes.text.pii.context import LINK, NAMED_BY, NAMED_BY_BEGUN, NEXT, OWN_WORD, TELLS
from nodes.text.pii.number_words import TIMES, UNITS

_CARD_CODE = (
    r"(?:(?:cvv|cvc|cav)2?|csc|cvn|(?-i:CID)|card (?:security|verification|validation) (?:code|number|value)"
    r"|(?:(?:three|four|last|letzten|drei|trois|tres|tre|três|drie|[34]) ){1,2}"
    r"(?:(?:small|little|tiny|printed|kleinen?|petits) )?"
    r"(?:digits?|numbers?|ziffern|chiffres|cifras|cifre|dígitos|cijfers|numeri)(?: code)?"
    r"(?= (?:on|at|auf|au|en|sul|no|op) (?:the |der |dem |la |le |el |o |de )?"
    r"(?:back|rear|reverse|front|signature|rück|verso|dos|reverso|retro|achter))"
    r"|(?:code|c[oó]digo|codice|kod)(?= (?:on the|(?:that['’]s |that is )?(?:on|at|from) the (?:back|rear|front)"
    r"|au (?:dos|verso)|de detrás|al dorso|del reverso|sul retro|dietro|achterop|op de achter|z tyłu|hinten"
    r"|auf der rück|no verso))"
    r"|kartenprüf(?:nummer|ziffer|zahl)|prüf(?:ziffer|nummer|code|zahl)|cryptogramme(?: visuel)?)"
)
_SECURITY_CODE = (
    r"(?:(?:security|safety) (?:code|number)|sicherheits(?:code|nummer)|code de sécurité"
    r"|c[oó]digo de segur(?:idad|an[cç]a)|codice di sicurezza|(?:beveiligings|veiligheids|controle)code"
    r"|kod (?:zabezpieczający|bezpieczeństwa)|säkerhetskod(?:en)?|sikkerhedskode|sikkerhetskode|turva(?:koodi|luku)"
    r"|güvenlik kodu|bezpečnostní kód|код безопасности|セキュリティコード|安全码|보안 ?코드)"
)
_PIN = (
    r"(?:(?:[mti]-?|upi |atm |(?:karten|bank|handy|sim|ec)-?)?"
    r"(?<!please )(?<!you )pins?(?:[ -]?(?:code|number|no\.?|kod(?:en|er|u|um)?|koodi"
    r"|koden?))?|(?-i:PUK)"
    r"|(?-i:NIP)|geheim(?:zahl|nummer|code)|codes? (?:pin|secret|confidentiel)s?|c[oó]digos? (?:pin|secreto)s?"
    r"|número secreto|codic[ei] (?:pin|segret[oi])|tunnusluku"
    r"|(?:kart )?şifre(?:m|si)|пин(?:-?код)?|暗証番号|पिन(?: कोड)?"
    r"|(?:ال)?(?:رقم|رمز) (?:ال)?سري)"
)
_ONE_TIME = (
    r"(?:(?-i:(?:[mi]|sms-?|SMS-?|push-?|chip-?|photo-?)?TAN)s?(?:-?(?:nummer|code))?|(?:mobile|sms|push)-?tan"
    r"|t?otps?(?: code)?|one[ -]?time[ -](?:pass ?(?:word|code)|security code|code|pin)|pass ?code"
    r"|(?:2fa|mfa|two[ -]factor|sms|log[ -]?in|sign[ -]?in|authenticat(?:ion|or)|verification"
    r"|access|unlock|backup|recovery|confirmation) code|code from (?:the|my) (?:app|authenticator)"
    r"|authenticator(?: app)?"
    r"|einmal-?(?:code|passwort|kennwort|pin)|(?:freigabe|bestätigungs|zugangs|freischalt|verifizierungs|sms-?)code"
    r"|code (?:de (?:vérification|validation|confirmation)|à usage unique|d'accès|(?:reçu par )?sms)"
    r"|c[oó]digo (?:de (?:verifica(?:ci[oó]n|[cç][aã]o)|confirma(?:ci[oó]n|[cç][aã]o)|acceso|acesso|un solo uso"
    r"|uso único)|sms)|codice (?:otp|sms|monouso|di (?:verifica|accesso|conferma))"
    r"|(?:inlog|verificatie|toegangs)code|kod (?:sms|jednorazowy|autoryzacyjny|weryfikacyjny)|engångs?kod|engangskode"
    r"|(?:doğrulama|onay) kodu|код (?:подтверждения|из смс)|認証コード|確認コード|验证码|驗證碼|校验码"
    r"|인증 ?(?:번호|코드))"
)
_THING = (
    r"(?:safe|door|gate|garage|alarm|keypad|key ?box|lock ?box|lock|padlock|locker|vault|suitcase|front door|back door"
    r"|burglar alarm|security gate)"
)
_LOCK = (
    rf"(?:{_THING}(?:['’]s)? (?:code|combination|combo)"
    rf"|(?:code|combination|combo) (?:for|to|of|on) (?:the |my |our |your |his |her )?(?:[a-z]{{2,10}} )?{_THING}"
    r"|(?:tresor|safe|tür|haustür|alarm|schloss|garagen|tor)-?(?:code|kombination)"
    r"|(?:code|kombination) (?:für|von|vom|zum|zur) (?:(?:den|die|das|dem|der|unseren?|meinen?) )?"
    r"(?:tresor|safe|tür|haustür|alarm(?:anlage)?|schloss|garage|tor)|digicode"
    r"|c[oó]digo d(?:e|el|a|o) (?:la |el )?(?:caja fuerte|alarma|puerta|portal|cofre|alarme|porta|portão)"
    r"|code d(?:u|e la|e l['’]|e ma|e mon) ?(?:coffre|alarme|porte|portail|immeuble|carte(?: bleue)?)"
    r"|codice del(?:la|l['’])? ?(?:cassaforte|allarme|porta|cancello|bancomat)"
    r"|code van (?:de|het|mijn) (?:kluis|deur|poort|alarm)|kod do (?:sejfu|drzwi|bramy|alarmu))"
)
_SENT = (
    r"(?:(?:texted|sent|send|sms|received|got|whatsapp)[^.\n\d]{0,20} code|code (?:they|you|the bank|it|that|i)"
    r"[^.\n\d]{0,20} (?:texted|sent|got|received)(?: (?:me|us|you|today|now|just|from|by|the|bank|sms|text)){0,4}+)"
)
"""What says that a code came by a message."""
_WORDED = (
    r"(?:passwords?|pwd|passwort|kennwort|contraseña|contrasena|clave|mot de passe|mdp|senha|wachtwoord|parola"
    r"|hasło|lösenord|adgangskode|passord|пароль|密码|密碼|パスワード|비밀 ?번호)"
)
_NAMES = {"card": _CARD_CODE, "security": _SECURITY_CODE, "pin": _PIN, "once": _ONE_TIME, "lock": _LOCK}
_SIZES = {
    "card": (3, 4),
    "short": (3, 3),
    "security": (3, 8),
    "pin": (4, 8),
    "once": (4, 8),
    "lock": (4, 8),
    "sent": (4, 8),
    "used": (6, 8),
    "password": (4, 8),
}
"""How many digits each kind may have."""
_ANY = rf"(?:{'|'.join(_NAMES.values())})"

_WHICH = (
    r"(?:en|s)?+(?: (?:for|of|on|to|from|at|by|in|with|behind|für|fürs|zu|zum|zur|der|die|das|von|vom|auf|aus|im|am|an"
    r"|beim|mit|hinten|meiner|unserer|de|des|del|della|du|da|do|pour|sur|chez|au|aux|dans|derrière|al|atrás|detrás|dietro|sul"
    r"|sulla|nel|nella|na|em|voor|van|bij|op|achter|achterop|para|per|till|på|til|hos|dla|w|z|karty|that['’]s|that"
    r"|which|que|qui|che|dat|i|we|he|she|they|my|card|code|код|kod|number|no|value|digits)"
    rf"(?: {OWN_WORD}){{0,6}}?)?{NEXT}?"
)
_IS = (
    rf"(?:{TELLS}|[ \n]{{0,2}}(?:=>|->|→|:=|[:=：|>#(,]|—|–)|['’]s| -"
    r"|,? ?(?:c['’]est|(?:just |now |still |currently )?"
    r"(?:is|are|was|ist|sind|war|lautet|es|est|era|è|é|to|är|er|will be|from|von|now|ab|jest|है|sono|zijn|shows|says"
    r"|reads))(?=[ :])"
    r"|は|が|是|은|는)(?: (?:now|still|simply|just|le|el|il|o|the|jetzt|nun|from|code|set to|changed to))?"
    r"[ \n:]{0,2}[\"'`“„«(*]{0,3}"
)
_DIGITS = r"\d(?:[ -]?+\d){2,18}+"
_DIGIT_WORD = "|".join(sorted({*UNITS, *TIMES}, key=len, reverse=True))
_FIRST_LETTERS = "".join(sorted({word[0] for word in (*UNITS, *TIMES)}))
_WORDS = rf"(?=[{_FIRST_LETTERS}])(?:{_DIGIT_WORD})(?:[ ,-]{{1,2}}+(?:{_DIGIT_WORD})(?![^\W_])){{2,7}}+"
_VALUE = rf"(?:{_DIGITS}|{_WORDS})"
_END = r"(?![0-9A-Za-z_])"

_BARE = r" (?:(?:code|number|no|код|kod|kodu) )?"
# What stands behind a name is written once for all of them, because to compile it for each takes longer.
_KINDS = "|".join(f"(?P<{kind}>{name})" for kind, name in _NAMES.items())

PATTERN = re.compile(
    rf"(?i)(?<![^\W\d_])(?:(?:{_KINDS})(?:{_WHICH}{_IS}|{_BARE})(?P<code>{_VALUE}){_END}"
    rf"|{_CARD_CODE}{_WHICH} (?P<short>\d{{3}}){_END}"
    rf"|{_SENT}(?:{_IS}| )(?P<sent>{_VALUE}){_END}|(?:use|enter) (?:the )?code (?P<used>{_VALUE}){_END}"
    rf"|{_WORDED}{_WHICH}{_IS}(?P<password>{_VALUE}){_END})"
)
"""A name with the code behind it, which is the last group. Its kind is that group, or the one that has its name."""
SECOND = re.compile(
    rf"(?i)(?<![^\W\d_]){_ANY}(?![^\W\d_])[^.!?\d\n•\[]{{0,40}}+(?:{_DIGITS}(?!,\d)|\[•{{3,12}}[=#]?\]){LINK}(?P<second>{_DIGITS}){_END}"
)
"""A name with two codes behind it."""
BEHIND = re.compile(
    rf"(?i)(?<![\w.,/:$€£+-])(?P<behind>{_VALUE})[\"'”»)]?,?"
    rf"{NAMED_BY}"
    r"(?: ?+(?:my|the|his|her|our|your|mein|meine|die|der|das|mi|el|la|mon|le|il|mio|meu|o|mijn|de|min|mój)(?= )){0,2}+"
    rf"(?: [^\W\d]{{2,14}}+){{0,2}}? ?{_ANY}(?![^\W_])"
)
"""A code with its name behind it."""
DATED = re.compile(
    r"(?i)\d{4}[\"'*]{0,2}[\s,;|/.-]{1,3}(?:(?:exp(?:ir(?:y|es|ation))?|valid|good|gültig|bis|val|venc\w{0,6})"
    r"(?: date| thru| until| to| bis| in)?[ :.]{1,3})?(?:0[1-9]|1[0-2]) ?[/-] ?(?:20)?\d\d"
    r"[\s,;|/-]{1,3}(?:(?:code|and|then|plus|und|y|et)[ :]{1,2})?(?P<dated>\d{3,4})(?![\d.,/:-]?\d)(?![0-9A-Za-z_])"
)
"""The end of a card's number, its date, and the code."""
_LAST_DIGIT = re.compile(r"\d(?=\D{0,200}+\Z)")
_NAME_BEGUN = re.compile(rf"(?i)[ -]?(?:[\"'”»)]{{0,2}},?{NAMED_BY_BEGUN})?\Z")
_DIGITS_BEGUN = re.compile(r"[A-Za-z]{0,6}\d(?:[ -]?+\d){0,18}\Z")
LONGEST_DIGITS = 43
"""Characters of the digits of a code, with the letters before them."""
_WORDS_BEGUN = re.compile(
    rf"(?i)(?<![^\W\d_])(?:(?:{_ANY}|{_WORDED}){_WHICH}|{_SENT})(?:{_IS}| )"
    rf"(?:(?:{_DIGIT_WORD})[ ,-]{{1,2}}+){{0,8}}+[^\W\d_]{{0,9}}\Z"
)
_STARTS = re2.compile(
    r"(?i)cv[vcn]|cav2?|csc|cid|karten|bankpin|handypin|simpin"
    r"|card (?:sec|ver|val)|(?:three|four|last|letzten|drei|trois|tres|tre|três|drie|[34])"
    r" (?:[a-z34]{1,6} )?"
    r"(?:digit|number|ziffer|chiffre|cifr|dígit|cijfer|numer)|code|prüf|crypto|security|safety"
    r"|sicherheit|c[oó]dig"
    r"|codice|beveilig|veilig|controle|kod |säkerhet|sikkerhe|turva|güvenlik|bezpeč|код|セキュ|安全码|보안"
    r"|(?:[mti]-?|upi |atm )?pin|puk|nip|geheim|número|tunnus|(?:kart )?şifre|safe|door|gate|garage|alarm|key"
    r"|lock|padlock|vault|suitcase|front|back|burglar|combination|combo|tresor|tür|haustür|schloss|tor"
    r"|kombination|digicode|kod|пин|暗証|पिन|الرقم|رقم|الرمز|رمز"
    r"|(?:[mi]|sms-?|push-?|chip-?|photo-?)?tan|mobile|sms|push|t?otp|one[ -]?time|2fa|mfa|two[ -]factor|log|sign|auth"
    r"|verif|access|unlock|approval|backup|recovery|confirm|pass|einmal|freigabe|bestätig|zugang|freischalt"
    r"|inlog|toegang"
    r"|eng[aå]ng|doğrulama|onay|認証|確認|验证码|驗證碼|校验码|인증|texted|sent|send|received|got|whatsapp|use |enter "
    r"|pwd|kennwort|contrase|clave|mot de|mdp|senha|wachtwoord|parola|hasło|lösenord|adgang|пароль|密码|密碼|パスワ"
    r"|비밀"
)
"""Where the name of a code may begin."""
_HAS_DIGIT = re2.compile(rf"(?i)\d|(?:^|\PL)(?:{_DIGIT_WORD})(?:\PL|$)")
_UNIT_BEHIND = re.compile(
    r"(?i) ?(?:%|[$€£¥]|(?:digits?|numbers?|characters?|chars|letters|attempts?|tries|times|days?|minutes?|min|hours?"
    r"|seconds?|years?|months?|weeks?|euros?|eur|usd|gbp|chf|dollars?|pounds?|people|users|cards?"
    r"|stellig\w{0,2}|stellen"
    r"|ziffern|zeichen|versuche|tage|minuten|stunden|jahre|chiffres|cifre|cifras|dígitos|cijfers|intentos|essais"
    r"|tentativ\w{1,3}|jours|días|dias|am|pm|uhr|o'clock|kr|km|kg|mb|gb)(?![^\W_]))"
)
_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d|\d\d?-\d\d?-(?:\d\d){1,2}|(?:19|20)\d\d-(?:19|20)?\d\d")
_POSTAL = re.compile(r"[1-8]\d{2} ?\d{3}")
"""A postal code of India, which is called a PIN code."""
_OF_BANK = re.compile(
    r"(?i)(?<!code )(?<!cod)"
    r"(?:pin (?!code)|bank|card|atm|debit|credit|upi|app|log ?in|phone|karte|carte|tarjeta|m-?pin)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_WITH_YEAR = re.compile(r"\d([/-])\d\d\1(?:19|20)\d\d\Z")  # a day behind a card's number, and no code
_CARD_BEFORE = re.compile(r"(?<![+\d])(?:\d[ ./_-]?+){11,18}\d\Z")
_NO_DIGIT = re.compile(r"\D")
_WORD = re.compile(r"[^\W\d_]{1,20}")
_DECIDED = re.compile(r"[^\w\n]{0,3}[^\W_]{1,20}[\W_]|[^\w\n]{0,3}\n|[^\w\n]{4}")
SIGHT = 24
"""Characters behind a code that can show that it is none."""


def starts(text: str) -> list[int]:
    """Where the names of codes may begin; empty where there is no digit either."""
    return [name.start() for name in _STARTS.finditer(text)] if _HAS_DIGIT.search(text) else []


def code_length(found: re.Match[str], _before: str) -> int:
    """Length of the code at a match of one of the patterns; 0 for none."""
    group = found.lastgroup or ""
    kind = next(name for name in _NAMES if found[name]) if group == "code" else group
    written, end = found[group], found.end(group)
    after = found.string[end : end + SIGHT]
    least, most = _SIZES.get(kind, (3, 8))
    if kind == "dated":
        return len(written) if _is_behind_card(found) and not _WITH_YEAR.search(found[0]) else 0
    if not written[0].isdigit():
        said = sum(TIMES.get(word.casefold(), 1) for word in _WORD.findall(written))
        return len(written) if least <= said <= most + 2 else 0
    if _UNIT_BEHIND.match(after) or (kind != "lock" and _DATE.fullmatch(written)) or re.match(r"[.,/:-]?\d", after):
        return 0
    if kind == "pin" and _POSTAL.fullmatch(written) and not _is_of_a_bank(found, end):
        return 0
    if _YEAR.fullmatch(written) and (kind == "password" or found.string[found.start(group) - 2] == ","):
        return 0
    if least <= len(_NO_DIGIT.sub("", written)) <= most:
        return len(written)
    first, *others = written.split(" ")  # of a code and another number, such as a date
    alone = bool(others) and len(others[0]) != len(first) and first.isdigit()
    return len(first) if alone and least <= len(first) <= most else 0


def is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change whether this is a code."""
    place = found.end() if found.lastgroup == "behind" else found.end(found.lastgroup or 0)
    return end - place >= SIGHT or _DECIDED.match(found.string, place) is not None


def begun_at(text: str) -> int:
    """Offset from which on the text's end may become a code; the text's length where nothing may."""
    first = max(0, len(text) - 4 * SIGHT)
    begun = [_WORDS_BEGUN.match(text, name.start()) for name in _STARTS.finditer(text, first)]
    last = _LAST_DIGIT.search(text, first)
    if last and _NAME_BEGUN.match(text, last.end()):
        begun.append(_DIGITS_BEGUN.search(text, max(first, last.end() - LONGEST_DIGITS), last.end()))
    return min((one.start() for one in begun if one), default=len(text))


def _is_of_a_bank(found: re.Match[str], end: int) -> bool:
    """Whether a PIN code is one of a card or an app, and no postal code of India."""
    return _OF_BANK.search(found.string, max(0, found.start() - SIGHT), end) is not None


def _is_behind_card(found: re.Match[str]) -> bool:
    """Whether the four digits before the date end a card's number."""
    start = found.start()
    run = _CARD_BEFORE.search(found.string, max(0, start - SIGHT), start + 4)
    digits = _NO_DIGIT.sub("", run[0]) if run else ""
    return any(cards.is_card(digits[-size:], named=True) for size in (16, 15, 19, 14, 13) if size <= len(digits))
