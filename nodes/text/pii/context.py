"""Context rules: what may stand inside a number, and what around it shows that it is another kind of number."""

import re
from collections.abc import Iterator

CONTEXT_CHARS = 60
"""Characters before a number that are read as its context. Behind it, only what touches it is read."""

AFTER_CHARS = 24
"""Characters behind "is my", in which a number's name is read."""

WORD_CHAR = "[0-9A-Za-z_]"
"""A character that makes an adjacent number part of a word. Only ASCII: Chinese and Korean put no space there."""

GAP = r"(?:(?<=\d{4})(?: [/-] | {2}|--|[ -]?+\n ?+)|[ ./_-])"
"""What people write between the groups of a number: a character; behind four digits also a wide gap or a new line."""

WIDE_GAP = r"(?:[ -]?+\n[ -]{0,2}+|[ ,./_|+=~*\\-]{1,3}+)"
"""The same behind any digit, and signs, in numbers that their name or their letters tell from other numbers."""

_SIGN = r"[$¢£¤¥֏؋৳฿₠-⃀﷼￠￡￥￦元円원]"
_CODE = (
    r"(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|THB|TRY|USD|ZAR"
    r"|Ft|Kč|kr|lei|Rs|TL|zł|dollars?|euros?|pounds?|francs?|pesos|reais|rupees|kronor|kroner|złotych|yen)"
)
CURRENCY_WORDS = frozenset(re.sub(r"[?:()]", "", _CODE).casefold().split("|"))
_CURRENCY_SIGN = re.compile(_SIGN)
_CURRENCY_BEFORE = re.compile(rf"(?:{_SIGN}|(?<!\w){_CODE}\.?) ?$")
_UNIT = r"(?:[kMG]?Wh|km|kg|kcal|m[²³]|units|shares|points|miles|kWp)"
_CURRENCY_AFTER = re.compile(rf" ?(?:{_SIGN}(?! ?\d)|(?:{_CODE}|{_UNIT})(?!\w))")
_FRAGMENT_BEFORE = re.compile(
    r"(?:\d[-/]|(?:\d|^|\s)\.|\+ ?"
    r"|(?<![\w./-])\d{1,2},)$"  # "0,4539…" is a fraction; "2024-01-02,4539…" is a line of a CSV file
)
# A bracket behind a separator may be a masked number; it counts as that number did, so that masking is idempotent.
_FRAGMENT_AFTER = re.compile(r"\.\d|,\d{1,2}(?![\d/,;]|\.\d)|[.,/-](?:\[|_•)")
_WORD = re.compile("[0-9A-Za-z]")
_CONTINUATION = re.compile(r"[/-](?:\w|\[•)")
# `re` does not count combining marks as word characters, but they stand inside the words of Indic scripts.
_BETWEEN_WORDS = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff]+")

_INITIALS = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")  # of "S.S.N."
_CUT_WORD = re.compile("[A-Za-z]{2,61}")
_DIGIT = re.compile(r"[\d•]")  # or what is masked
_SENTENCE_END = re.compile(r"[.!?\n]")
_NAMING = re.compile(
    r"[^\w\n.!?]{0,4}+(?:(?:that's|that|this|is|was|as|for|my|the|her|his|our|a|an|old|new|ist|das|mein|meine"
    r"|es|mi|est|ma|mon|è|la|é|il|mio|mia|o|meu|minha|mijn|er|mitt|mit|min|är|to|mój|moje|benim|minun|on) ){0,4}+",
    re.IGNORECASE,
)
NAMING_WORDS = frozenset(
    """that's that this is was as for my the her his our a an old new ist das mein meine es mi est ma mon è la é il mio
    mia o meu minha mijn er mitt mit min är to mój moje benim minun on s""".split()  # noqa: SIM905
)
"""The words of this pattern."""

LINK = (
    r"[ ,;/&(\n-]{1,3}+(?:(?:and|und|y|et|e|en|og|och|then|or|to|auf|zu|zum|into|a|à|in|plus|as|well|mine|my|mein|meine"
    r"|meiner|meinem|mi|ma|mon|mes|sa|son|the|die|der|das|la|le|el|il|of|do|da|de|del|della|di|dla|du|van|his|her|hers"
    r"|him|our|ours|their|theirs|other|second|first|old|new|one|ones|is|are|was|ist|es|est|è|é|for|för|it|it['’]s|that"
    r"|wife|husband|partner|spouse|son|daughter|mother|mom|mum|dad|father|brother|sister|kid|kids|child|children|boss"
    r"|frau|mann|mannes|tochter|sohn|femme|mari|mujer|marido|esposa|esposo|moglie|marito|vrouw|żony|męża|konas|fru"
    r"|joint|backup|savings|dependent|two|number|no|nr|ends|me)(?:['’]s?+)?+(?:[ ,:()=/-]{1,3}+)){0,8}+"
)
"""What stands between two numbers of one kind, of which only the first is named: "…, and my wife's is …"."""

CARD_MARK, ID_MARK = "=", "#"
"""What a placeholder ends in where it is blotted out, so that the next number can be seen to be of its kind."""
_LINKED = {mark: re.compile(rf"(?i){mark}\](?=[\W_]{{1,3}}[^\W\d_]){LINK}\Z") for mark in (CARD_MARK, ID_MARK)}

_VERBS = ("is", "was", "as", "are", "ist", "als", "es", "est", "jest", "är", "er", "that's", "that is", "and that's")
_VERBS_BEGUN = sorted({one[:size] for one in _VERBS for size in range(1, len(one) + 1)}, key=len, reverse=True)
NAMED_BY = rf"(?: (?:{'|'.join(_VERBS)}|that’s|è|é)| \(| =)"
"""What stands between a code and its name behind it, as in "4821 is my PIN"."""

NAMED_BY_BEGUN = rf"(?:{NAMED_BY}(?: ?+[^\s\d.,;:!?]{{1,20}}+){{0,5}}+ ?| (?:{'|'.join(_VERBS_BEGUN)}|that’?)? ?)?"
"""The same at the end of a text, of which more may come."""

_SAY = (
    r"(?:is|are|was|were|be|reads|says|shows|stays|remains|equals|ist|sind|war|wäre|wird|sei|lautet|lautete|lauten"
    r"|heißt|heisst|bleibt|est|était|sera|serait|reste|sont|es|era|sería|será|siendo|son|queda|è|resta|sarà|sono|é|seria"
    r"|ser|fica|são|blijft|luidt|luidde|zijn|staat op|jest|był|była|było|brzmi|są|är|er|lyder|to|à|zu|auf|este|это)"
)
_AUXILIARY = (
    r"(?:has been|was|is|will|would|should|must|has to|used to|changed|set|now|just|still|currently|jetzt|nun|ahora"
    r"|sigue|maintenant|adesso|agora|continua a|nu|teraz)"
)
_STILL = (
    r"(?: (?:still|now|just|simply|currently|again|always|set to|changed to|immer noch|noch|jetzt|nun|weiterhin"
    r"|toujours|encore|maintenant|désormais|siempre|ahora|siendo|sempre|ancora|adesso|ainda|agora|ser"
    r"|nog steeds|nog|nu|nadal|teraz|fortfarande|from|von|code|le|el|il|o|the|es|sie|het))"
)
NAMELY = (
    r"(?:(?:it|that|this)['’]s|(?:it|that|this|which) (?:is|was)|(?:das|der|die|es|er|sie) (?:ist|war|lautet|heißt)"
    r"|und zwar|nämlich|namely|c['’]est|ce (?:sera|serait)|qui est|à savoir|soit|que es|o sea|cioè|ou seja|dat is"
    r"|namelijk|to jest|czyli|det är|es|è|é)"
)
TELLS = (
    rf"(?:(?: {_AUXILIARY}){{0,3}}? {_SAY}(?![^\W_])"
    rf"|(?:[,.?]| -| –| —)?(?: \(| )(?:(?:and|but|und|aber|et|mais|y|e|ma|en|i) )?{NAMELY}(?![^\W_]))"
    rf"{_STILL}{{0,2}}"
)
"""What stands between the name of a secret, with the words that belong to it, and its value: "…, and it's still"."""

OWN_WORD = r"(?!http)[^\W\d_][^\s\d.,:;!?=•()\[\]\"*|<>{}→—–]{0,17}+"
"""A word of those that belong to the name of a secret, also a compound, as in "für die Sparda-Karte"."""

_ONE = (
    r"(?:(?:(?:the|my|our|his|her) )?(?:(?:new|old|other|second|first|current) )?ones?"
    r"(?= (?:for|of|on|from|i|we|is|was) |['’]s)"
    r"|mine|hers|ours|(?:meine?r?|unsere?r?|ihre?r?|seine?r?)(?= (?:ist|war|lautet) )"
    r"|(?:die|das|der)(?= (?:für|fürs|von|vom|zu|zum|zur|aus|bei|van|voor) )|celui(?= (?:de|du|des|pour) )"
    r"|l[ea] (?:mien|mienne|nôtre)|el (?:mío|nuestro)|la (?:mía|nuestra)|quell[oa](?= (?:del|della|di|per) )"
    r"|il mio|la mia|[oa] (?:meu|minha|nosso|nossa)|de (?:mijne|onze)|mój|moje|moja|ten(?= (?:do|od) )"
    r"|den(?= (?:för|till|på) )|min|mitt)"
)
"""Pronouns that can only mean what was named right before."""
_ONE_OF = r"(?:el|la|o|a|for|für|pour|para|per|voor|för|dla|do)"
"""Beginnings of other sentences, too, so that a card or a bank has to follow."""
_OF_CARD = r"(?=[^\n.,;!?]{0,40}?(?:card|bank|ban[cq]|visa|maestro|amex|kart|cart[aeã]|tarjeta|kaart|kort))"
NEXT = (
    rf"(?:(?: ?[.,:;!?…—–-] ?{_ONE}|(?: {OWN_WORD}){{0,3}}? ?[.;!?] ?(?:{_ONE}|{_ONE_OF}){_OF_CARD})(?![^\W_])"
    rf"(?: {OWN_WORD}){{0,6}}?)"
)
"""The beginning of a sentence behind a secret's name that tells it: "my PINs. The one for the old card is …"."""

PARCEL_LABELS = frozenset(
    """tracking track tracked trackingcode shipment parcel waybill consignment sendung sendungs paket pakets colis suivi
    seguimiento rastreio spedizione envío envio verzending pakje pakket przesyłki przesyłka paczki paczka""".split()  # noqa: SIM905 (words read better as a text)
)
"""Labels of parcels' numbers."""

CARRIERS = frozenset(
    """dhl ups fedex usps hermes evri dpd gls tnt yodel parcelforce postnl bpost inpost colissimo chronopost correos
    colisprivé seur mrw brt poczta""".split()  # noqa: SIM905
)
"""Carriers, whose numbers of parcels have any form."""

ORDER_LABELS = PARCEL_LABELS | frozenset(
    """order orders invoice invoices receipt confirmation reference ref booking ticket
    transaction imei isbn serial pedido factura fattura ordine commande facture bestellung bestell auftrags
    rechnung rechnungs buchungs buchungscode factuur zamówienie zamówienia faktura fatura замовлення заказ""".split()  # noqa: SIM905
)
"""Labels of order, invoice and parcel numbers."""

CONTRACT_LABELS = frozenset(
    """customer client member membership student employee policy claim contract case bill note meter loyalty mandate
    creditor mpan mprn pdl pod cups ean malo marktlokation zähler compteur contador contatore kunden kd mitglieds
    personal matrikel serien serie vertrag vertrags vertragskonto versicherungs police beleg gutschrift aktenzeichen az
    verwendungszweck vorgangs vorgang schaden schadens cliente cliënt klant klienta umowa umowy polizza póliza contrato
    contratto contract polis sinistre siniestro matricule medlem kund kunde payback clubcard bahncard flyer""".split()  # noqa: SIM905
)
"""Labels of the numbers of customers, members, contracts, insurances and meters."""

PHONE_LABELS = frozenset(
    """phone phones telephone tel mobile cell fax whatsapp call text dial ring téléphone portable teléfono móvil
    telefono cellulare telefone celular telefon handy handynummer telefonnummer telefoon mobiel mobil llama llame
    llámame""".split()  # noqa: SIM905
)
"""Labels of phone numbers."""

ACCOUNT_LABELS = frozenset(
    "account accounts acct konto kontonummer compte cuenta conto conta rekening routing".split()  # noqa: SIM905
)
"""Labels of bank account numbers."""

NON_ID_LABELS = ORDER_LABELS | CONTRACT_LABELS | PHONE_LABELS | ACCOUNT_LABELS

_FILLERS = frozenset(
    "number numbers num no nr n n° nº número numéro numero nummer numer id code is was me us at on al au".split()  # noqa: SIM905
)
_NUMBER_OF = re.compile(r"(?:nummer|nr)\Z")  # "Rechnungsnummer", "Kundennr"
_SERVICE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z][A-Z][ -]\Z")
"""The service that a parcel's number begins with, as in "RR 123 456 785 DE" and "6A 123 456 789 01"."""


def is_linked(before: str, mark: str) -> bool:
    """Whether a masked number of this kind stands before, with only words between that link two of a kind."""
    return f"{mark}]" in before and _LINKED[mark].search(before) is not None


def beside_currency_sign(before: str, after: str) -> bool:
    """Whether a currency sign touches the number, as in "$4111111111111111"."""
    return bool(_CURRENCY_SIGN.match(before[-1:]) or _CURRENCY_SIGN.match(after))


def beside_currency(before: str, after: str) -> bool:
    """Whether a currency or a unit stands beside the number, as in "$ 123 456 782", "123 456 782 kr" and "… kWh"."""
    return bool(_CURRENCY_BEFORE.search(before[-8:]) or _CURRENCY_AFTER.match(after))


def is_fragment(before: str, after: str) -> bool:
    """Whether it is part of a longer number: behind digits and a dash, behind a plus sign, or at a decimal point."""
    return bool(_FRAGMENT_BEFORE.search(before[-5:]) or _FRAGMENT_AFTER.match(after))


def continues(after: str) -> bool:
    """Whether a dash or slash and more characters follow directly, as in "123-45-6789-01"."""
    return bool(_CONTINUATION.match(after))


def context_of(written: str) -> str:
    """The end of what is written before a number that is its context, without the end of a word that is cut off."""
    before = written[-CONTEXT_CHARS:]
    cut = len(written) > CONTEXT_CHARS and _CUT_WORD.match(written[-CONTEXT_CHARS - 1 :])
    return before[cut.end() - 1 :] if cut else before


def has_initials(text: str) -> bool:
    """Whether there are letters with full stops between, such as "S.S.N."."""
    return "." in text and _INITIALS.search(text) is not None


def normalized_words(before: str) -> str:
    """The words before a number, with single spaces around them: first as written, then in lower case.

    Ends in "#", so that " sin #" matches only directly before the number.
    """
    joined = _INITIALS.sub("", before) if "." in before else before
    plain = _BETWEEN_WORDS.sub(" ", joined.replace("_", " "))
    return f" {plain} | {plain.casefold()} #".replace("  ", " ")


def words_behind(after: str) -> tuple[str, str]:
    """The words behind a number that may name it, as in "is my SSN" and "(SSN)": as written, and in lower case.

    None where digits follow, which the words belong to then.
    """
    joined = _NAMING.match(after)
    name = _SENTENCE_END.split(after[joined.end() : joined.end() + AFTER_CHARS], maxsplit=1)[0] if joined else ""
    if not name or _DIGIT.search(name):
        return "", ""
    written, _, folded = normalized_words(name).partition(" |")
    return f"{written} ", folded


def named_behind(after: str, labels: tuple[str, ...]) -> bool:
    """Whether the words behind a number begin with one of these."""
    return any(words.startswith(labels) for words in words_behind(after))


def labelled(before: str, labels: frozenset[str]) -> bool:
    """Whether one of the labels introduces the number, as in "Order no. 4539…", with up to three fillers between."""
    line = before.rpartition("\n")[2]
    words = _BETWEEN_WORDS.sub(" ", line.replace("_", " ").casefold()).split()[-4:]
    while words and words[-1] in _FILLERS:
        words.pop()
    return bool(words) and (words[-1] in labels or _NUMBER_OF.sub("", words[-1]) in labels)


def is_of_parcel(before: str) -> bool:
    """Whether a carrier stands shortly before the number, or a parcel's service touches it."""
    if _SERVICE.search(before):
        return True
    line = before.rpartition("\n")[2].casefold()
    return not CARRIERS.isdisjoint(_BETWEEN_WORDS.sub(" ", line).split()[-4:])


def group_ends(run: str, after: str) -> Iterator[tuple[int, str]]:
    """Where a number that begins with the run may end, with its letters and digits up to there: behind each group.

    Args:
        run: groups of letters and digits with gaps between.
        after: the character behind the run, which may go on with its last group.
    """
    read = ""
    for place, char in enumerate(run, 1):
        if _WORD.match(char):
            read += char
            if not _WORD.match(run[place : place + 1] or after):
                yield place, read
