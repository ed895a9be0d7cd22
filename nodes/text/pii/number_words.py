"""Number words, as people dictate digits with them: en, es, fr, de, it, pt, nl; the units in eleven more."""

_UNITS = (
    "zero oh o nought naught null zéro cero nul noll sıfır nolla ноль нуль nula μηδέν nol صفر",
    "one un une uno una um uma eins ein een één jeden ett bir yksi один одна unu ένα satu واحد",
    "two deux dos due dois duas zwei zwo twee dwa två iki kaksi два две dva doi δύο dua اثنان",
    "three trois tres tre três drei drie trzy üç kolme три tři trei τρία tiga ثلاثة",
    "four quatre cuatro quattro quatro vier cztery fyra dört neljä четыре чотири čtyři patru τέσσερα empat أربعة",
    "five cinq cinco cinque fünf fuenf vijf pięć piec fem beş viisi пять pět cinci πέντε lima خمسة",
    "six seis sei meia sechs zes sześć szesc sex altı kuusi шесть шість šest șase έξι enam ستة",
    "seven sept siete sette sete sieben zeven siedem sju yedi seitsemän семь сім sedm șapte επτά tujuh سبعة",
    "eight huit ocho otto oito acht osiem åtta sekiz kahdeksan восемь вісім osm opt οκτώ delapan ثمانية",
    "nine neuf nueve nove neun negen dziewięć dziewiec nio dokuz yhdeksän девять devět nouă εννέα sembilan تسعة",
)
_TEENS = (
    "ten dix diez zehn dieci dez tien dziesięć десять tio",
    "eleven onze once elf undici jedenaście одиннадцать elva",
    "twelve douze doce zwölf dodici doze twaalf dwanaście двенадцать tolv",
    "thirteen treize trece dreizehn tredici treze dertien trzynaście тринадцать tretton",
    "fourteen quatorze catorce vierzehn quattordici catorze veertien czternaście четырнадцать fjorton",
    "fifteen quinze quince fünfzehn quindici vijftien piętnaście пятнадцать femton",
    "sixteen seize dieciséis dieciseis sechzehn sedici dezesseis zestien szesnaście шестнадцать sexton",
    "seventeen diecisiete siebzehn diciassette dezessete zeventien siedemnaście семнадцать sjutton",
    "eighteen dieciocho achtzehn diciotto dezoito achttien osiemnaście восемнадцать arton",
    "nineteen diecinueve neunzehn diciannove dezenove negentien dziewiętnaście девятнадцать nitton",
)
_TENS = (
    "twenty vingt veinte zwanzig venti vinte twintig dwadzieścia двадцать yirmi tjugo",
    "thirty trente treinta dreißig dreissig trenta trinta dertig trzydzieści тридцать otuz trettio",
    "forty fourty quarante cuarenta vierzig quaranta quarenta veertig czterdzieści сорок kırk fyrtio",
    "fifty cinquante cincuenta fünfzig cinquanta cinquenta vijftig pięćdziesiąt пятьдесят elli femtio",
    "sixty soixante sesenta sechzig sessanta sessenta zestig sześćdziesiąt шестьдесят altmış sextio",
    "seventy septante setenta siebzig settanta zeventig siedemdziesiąt семьдесят yetmiş sjuttio",
    "eighty huitante octante ochenta achtzig ottanta oitenta tachtig osiemdziesiąt восемьдесят seksen åttio",
    "ninety nonante noventa neunzig novanta negentig dziewięćdziesiąt девяносто doksan nittio",
)
_AND = frozenset({"y", "et", "e"})
_EIGHTY = ("vingt", "vingts")

_GERMAN = "ein zwei zwo drei vier fünf fuenf sechs sieben acht neun".split()  # noqa: SIM905
_GERMAN_TENS = "zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig".split()  # noqa: SIM905
_DUTCH = "een één twee drie vier vijf zes zeven acht negen".split()  # noqa: SIM905
_SWEDISH = "ett två tre fyra fem sex sju åtta nio".split()  # noqa: SIM905
_ITALIAN = {
    "uno": 1,
    "due": 2,
    "tre": 3,
    "tré": 3,
    "quattro": 4,
    "cinque": 5,
    "sei": 6,
    "sette": 7,
    "otto": 8,
    "nove": 9,
}
_ITALIAN_TENS = frozenset("venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split())  # noqa: SIM905
UNITS = {word: digit for digit, words in enumerate(_UNITS) for word in words.split()}
TENS = {word: number for number, words in enumerate(_TENS, 2) for word in words.split()}
NUMBERS = {
    **UNITS,
    **{word: number for number, words in enumerate(_TEENS, 10) for word in words.split()},
    **{f"{unit}und{ten}": 10 * TENS[ten] + UNITS[unit] for unit in _GERMAN for ten in _GERMAN_TENS},
    **{
        f"{unit}{and_}{ten}": 10 * TENS[ten] + UNITS[unit]
        for unit in _DUTCH
        for and_ in ("en", "ën")
        for ten in TENS
        if ten.endswith("tig")
    },
    **{f"{ten}{unit}": 10 * TENS[ten] + UNITS[unit] for unit in _SWEDISH for ten in TENS if ten.endswith("io")},
    **{
        ten[: -(unit[0] in "uo") or None] + unit: 10 * TENS[ten] + digit
        for unit, digit in _ITALIAN.items()
        for ten in TENS
        if ten in _ITALIAN_TENS
    },
    **{f"veinti{unit}": 20 + digit for unit, digit in UNITS.items()},
}
TIMES: dict[str, int] = {
    **dict.fromkeys(("double", "doble", "doppel", "doppelt", "doppelte", "dobro", "doppio", "dubbel"), 2),
    **dict.fromkeys(("triple", "treble", "dreifach", "triplo", "tripel"), 3),
}
HUNDREDS: dict[str, int] = {"hundred": 100, "hundert": 100, "honderd": 100, "thousand": 1000, "tausend": 1000}
ARTICLES = frozenset(
    "one once due un une uno una um uma ein eine een en ett bir ten unu tio".split()  # noqa: SIM905
)
"""Number words that are ordinary words, too."""
NUMBER_WORDS = frozenset({*NUMBERS, *TENS, *TIMES, *HUNDREDS})

WORDS_BETWEEN = frozenset(
    """and then dot point comma pause by plus again the it it's is are ends with in y e et und luego después puis depois
    poi dann the a uh uhm um er slash part begins starts continues goes on point visa mastercard amex""".split()  # noqa: SIM905 (words read better as a text)
)
"""Words that may stand between the parts of a number."""

DICTATED = frozenset(
    """dash hyphen space spaces followed ending next last first second third fourth final group block digits numbers
    stop gap blank underscore ok okay
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
    digits, used = _small_number_of(words)
    while digits and (times := HUNDREDS.get(words[used] if used < len(words) else "", 0)) > int(digits or 0) % 100:
        and_ = words[used + 1 : used + 2] == ["and"]
        more, more_used = number_of(words[used + 1 + and_ :])
        if not more or int(more) >= times or len(more) >= len(str(times)):
            more, more_used, and_ = "0", 0, False
        digits, used = str(int(digits) * times + int(more)), used + 1 + and_ + more_used
    return digits, used


def _small_number_of(words: list[str]) -> tuple[str, int]:
    """The same without hundreds and thousands."""
    first, second, third = [*words, "", "", ""][:3]
    if first == "quatre" and second in _EIGHTY:
        return (str(80 + NUMBERS[third]), 3) if 0 < NUMBERS.get(third, 0) < 20 else ("80", 2)
    if first in TENS:
        unit, used = (third, 3) if second in _AND else (second, 2)
        most = 20 if first == "soixante" else 10
        more = NUMBERS.get(unit, 0)
        return (str(10 * TENS[first] + more), used) if 0 < more < most else (f"{TENS[first]}0", 1)
    if first in TIMES:
        digits, used = _small_number_of(words[1:2])
        return digits * TIMES[first], 1 + used if digits else 0
    if first in NUMBERS:
        return str(NUMBERS[first]), 1
    return (first, 1) if first.isdecimal() else ("", 0)
