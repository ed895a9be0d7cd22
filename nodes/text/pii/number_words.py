"""Number words, as people dictate digits with them: en, es, fr, de, it, pt, nl; the units also in pl, sv, tr, fi."""

_UNITS = (
    "zero oh o nought naught null zéro cero nul noll sıfır nolla",
    "one un une uno una um uma eins ein een één jeden ett bir yksi",
    "two deux dos due dois duas zwei zwo twee dwa två iki kaksi",
    "three trois tres tre três drei drie trzy üç kolme",
    "four quatre cuatro quattro quatro vier cztery fyra dört neljä",
    "five cinq cinco cinque fünf fuenf vijf pięć piec fem beş viisi",
    "six seis sei sechs zes sześć szesc sex altı kuusi",
    "seven sept siete sette sete sieben zeven siedem sju yedi seitsemän",
    "eight huit ocho otto oito acht osiem åtta sekiz kahdeksan",
    "nine neuf nueve nove neun negen dziewięć dziewiec nio dokuz yhdeksän",
)
_TEENS = (
    "ten dix diez zehn dieci dez tien",
    "eleven onze once elf undici",
    "twelve douze doce zwölf dodici doze twaalf",
    "thirteen treize trece dreizehn tredici treze dertien",
    "fourteen quatorze catorce vierzehn quattordici catorze veertien",
    "fifteen quinze quince fünfzehn quindici vijftien",
    "sixteen seize dieciséis dieciseis sechzehn sedici dezesseis zestien",
    "seventeen diecisiete siebzehn diciassette dezessete zeventien",
    "eighteen dieciocho achtzehn diciotto dezoito achttien",
    "nineteen diecinueve neunzehn diciannove dezenove negentien",
)
_TENS = (
    "twenty vingt veinte zwanzig venti vinte twintig",
    "thirty trente treinta dreißig dreissig trenta trinta dertig",
    "forty fourty quarante cuarenta vierzig quaranta quarenta veertig",
    "fifty cinquante cincuenta fünfzig cinquanta cinquenta vijftig",
    "sixty soixante sesenta sechzig sessanta sessenta zestig",
    "seventy septante setenta siebzig settanta zeventig",
    "eighty huitante octante ochenta achtzig ottanta oitenta tachtig",
    "ninety nonante noventa neunzig novanta negentig",
)
_AND = frozenset({"y", "et", "e"})
_EIGHTY = ("vingt", "vingts")

UNITS = {word: digit for digit, words in enumerate(_UNITS) for word in words.split()}
TENS = {word: number for number, words in enumerate(_TENS, 2) for word in words.split()}
NUMBERS = {
    **UNITS,
    **{word: number for number, words in enumerate(_TEENS, 10) for word in words.split()},
    **{f"{unit}und{ten}": 10 * TENS[ten] + UNITS[unit] for unit in UNITS for ten in TENS if ten.endswith("ig")},
    **{f"veinti{unit}": 20 + digit for unit, digit in UNITS.items()},
}
TIMES: dict[str, int] = {
    **dict.fromkeys(("double", "doble", "doppel", "doppelt", "doppelte", "dobro", "doppio", "dubbel"), 2),
    **dict.fromkeys(("triple", "treble", "dreifach", "triplo", "tripel"), 3),
}
NUMBER_WORDS = frozenset({*NUMBERS, *TENS, *TIMES})

WORDS_BETWEEN = frozenset(
    """and then dot point comma pause by plus again the it it's is are ends with in y e et und luego después puis depois
    poi dann the a uh uhm um er slash part begins starts continues goes on point visa mastercard amex""".split()  # noqa: SIM905 (words read better as a text)
)
"""Words that may stand between the parts of a number."""

DICTATED = frozenset(
    """dash hyphen space spaces followed ending next last first second third fourth final group block digits numbers
    1st 2nd 3rd 4th rest guion guión raya espacio ensuite tiret espace strich bindestrich minus leerzeichen trattino
    spazio traço espaço
    streepje""".split()  # noqa: SIM905
)
"""Words between that are said only where a number is dictated."""

ORDINALS = frozenset(
    """first last next final middle other following second third fourth primeros últimos siguientes premiers derniers
    ersten letzten nächsten""".split()  # noqa: SIM905
)
"""Words after which a number word counts digits, as in "the last four"."""

PARTS = frozenset({"group", "block", "part", "line", "row", "digits", "gruppe", "teil", "bloque", "grupo", "bloc"})
"""Words after which a single digit counts parts, as in "block 2"."""


def number_of(words: list[str]) -> tuple[str, int]:
    """The digits that the first of these words say, and how many words that takes; ("", 0) where they say none."""
    first, second, third = [*words, "", "", ""][:3]
    if first == "quatre" and second in _EIGHTY:
        return (str(80 + NUMBERS[third]), 3) if 0 < NUMBERS.get(third, 0) < 20 else ("80", 2)
    if first in TENS:
        unit, used = (third, 3) if second in _AND else (second, 2)
        most = 20 if first == "soixante" else 10
        more = NUMBERS.get(unit, 0)
        return (str(10 * TENS[first] + more), used) if 0 < more < most else (f"{TENS[first]}0", 1)
    if first in TIMES:
        digits, used = number_of(words[1:2])
        return digits * TIMES[first], 1 + used if digits else 0
    if first in NUMBERS:
        return str(NUMBERS[first]), 1
    return (first, 1) if first.isdecimal() else ("", 0)
