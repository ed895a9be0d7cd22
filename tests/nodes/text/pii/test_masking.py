import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodes.text.pii.detection import Masked
from nodes.text.pii.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my card is 4111 1111 1111 1111.", "my card is [card •1111]."),
        ("4111 1111 1111 1111 12/27", "[card •1111] 12/27"),
        ("12/2027 4111 1111 1111 1111", "12/2027 [card •1111]"),
        ("5555555555554444", "[card •4444]"),
        ("2223 0031 2200 3222", "[card •3222]"),
        ("3782 822463 10005", "[card •0005]"),
        ("378282246310005", "[card •0005]"),
        ("3056 930902 5904", "[card •5904]"),
        ("6011111111111117", "[card •1117]"),
        ("3530 1113 3330 0000", "[card •0000]"),
        ("4000 0000 0000 0000 006", "[card •0006]"),
        ("my old visa 4222222222222", "my old visa [card •2222]"),
        ("4111 1111 1111 1111 5555 5555 5555 4444", "[card •1111] [card •4444]"),
        ("2024-01-02,4111111111111111,-12.50", "2024-01-02,[card •1111],-12.50"),
        ("4111111111111111,123", "[card •1111],123"),
        ("4111 1111 1111 1111", "[card •1111]"),
        ("４１１１１１１１１１１１１１１１", "[card •1111]"),
        ("٤١١١ ١١١١ ١١١١ ١١١١", "[card •1111]"),
        ("我的卡号4111111111111111谢谢", "我的卡号[card •1111]谢谢"),
        ("in week12 4111 1111 1111 1111 week13", "in week12 [card •1111] week13"),
        ("after 12 visits 4111 1111 1111 1111 and 3 more", "after 12 visits [card •1111] and 3 more"),
    ],
)
def test_a_card_number_is_masked(text: str, masked: str) -> None:
    """Every issuer's length and grouping, with any kind of digits, spaces and dashes."""
    assert mask(text) == Masked(masked, ("card",))


def test_a_code_behind_a_card_is_masked_too() -> None:
    """With its name, or behind the date."""
    assert mask("4111-1111-1111-1111, exp 12/27, cvv 123") == Masked(
        "[card •1111], exp 12/27, cvv [secret]", ("secret", "card")
    )
    assert mask("4111111111111111 12/27 123").text == "[card •1111] 12/27 [secret]"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn
        "9111 1111 1111 1111",  # no such issuer
        "411111111111111",  # not as long as a Visa card
        "1234 4111 1111 1111 1111",
        "41111111111111110",
        "A4111111111111111",
        "4111111111111111kg",
        "0.4111111111111111",
        "0,4111111111111111",
        "4111111111111111.50",
        "$4111111111111111",
        "4111111111111111€",
        "+4111111111111111",
        "barcode 4222222222222",
        "order number 4111111111111111",
        "Rechnung Nr. 4111111111111111",
        "tracking: 4111111111111111",
        "TR33 0006 1005 1978 6457 8413 27",  # an IBAN with a typing mistake
    ],
)
def test_a_number_that_only_resembles_a_card_is_left(text: str) -> None:
    """Wrong checksum, issuer, length or grouping, or a context that makes it another number."""
    assert mask(text) == Masked(text, ())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("IBAN: DE89 3704 0044 0532 0130 00", "IBAN: [IBAN •3000]"),
        ("to GB29NWBK60161331926819, please", "to [IBAN •6819], please"),
        ("gb29 nwbk 6016 1331 9268 19", "gb[IBAN •6819]"),
        ("BE71 0961 2345 6769 from next week", "[IBAN •6769] from next week"),
        ("FR14-2004-1010-0505-0001-3M02-606", "[IBAN •2606]"),
        ("NO93 8601 1117 947", "[IBAN •7947]"),
        ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "[IBAN •001S]"),
    ],
)
def test_an_iban_is_masked(text: str, masked: str) -> None:
    """Ungrouped or in groups of four, without the words after it; letters that begin it in lower case stay."""
    assert mask(text) == Masked(masked, ("iban",))


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",
        "ZZ89 3704 0044 0532 0130 00",
        "DE89 3704 0044 0532 0130",
        "XDE89370400440532013000",
        "fy2024 results for the team",
        "GB29 NWBK",
    ],
)
def test_a_number_that_only_resembles_an_iban_is_left(text: str) -> None:
    """Wrong checksum, country or length, and words that start like a country code."""
    assert mask(text) == Masked(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15T10:30:00Z and 15.01.2024",
        "20240115 at 1705312200, or 1705312200000, or 1705312200000000",
        "fy2024 beat fy2023 by 1,234,567.89",
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-1234-1234-123456789012",
        "192.168.100.12 and 2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "tracking 1Z999AA10123456784, 9400 1000 0000 0000 0000 00",
        "invoice INV-2024-000123, order 112-1234567-1234567",
        "account 12345678, routing 021000021, transit 12345-003",
        "call 415-555-2671, (415) 555-2671 or +1 415 555 2671",
        "IMEI 490154203237518",
        "T4, T5, 1099-K, W-2, HST 123456789 RT0001",
    ],
)
def test_everyday_numbers_are_left(text: str) -> None:
    """Dates, times, references, addresses and accounts."""
    assert mask(text) == Masked(text, ())


def test_kinds_are_in_order_of_first_appearance() -> None:
    """Each kind once."""
    text = "536-90-4399 paid with 4111 1111 1111 1111 and 5555555555554444 from DE89370400440532013000"
    assert mask(text) == Masked(
        "[id •4399] paid with [card •1111] and [card •4444] from [IBAN •3000]", ("national_id", "card", "iban")
    )


def _grouped(whole: int, separator: str) -> str:
    return f"{whole:,}".replace(",", separator)


def _continental(whole: int) -> str:
    return _grouped(whole // 100, ".") + f",{whole % 100:02}"


def _with_sign_behind(whole: int) -> str:
    return _grouped(whole // 100, " ") + f",{whole % 100:02} €"


def _in_crowns(whole: int) -> str:
    return _grouped(whole, " ") + " kr"


NUMBER = st.integers(1, 999_999_999_999)
AMOUNTS = st.one_of(
    NUMBER.map("${:,}.00".format),
    NUMBER.map("{:,} USD".format),
    NUMBER.map("CAD {}.00".format),
    NUMBER.map(_continental),
    NUMBER.map(_with_sign_behind),
    NUMBER.map(_in_crowns),
    st.floats(0, 1e6).map(str),
)
DATES = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.builds("{}T{}Z".format, st.dates(), st.times()),
    st.builds("{2:02}.{1:02}.{0}".format, st.integers(1900, 2100), st.integers(1, 12), st.integers(1, 31)),
    st.builds("{1}/{2}/{0}".format, st.integers(1900, 2100), st.integers(1, 12), st.integers(1, 31)),
    st.builds("{0}{1:02}{2:02}".format, st.integers(1900, 2100), st.integers(1, 12), st.integers(1, 31)),
    st.integers(0, 1999999999999).map(str),
)


def _digits(pattern: str) -> st.SearchStrategy[str]:
    """The pattern with a digit for each "d"."""
    return st.text("0123456789", min_size=pattern.count("d"), max_size=pattern.count("d")).map(
        lambda digits: pattern.replace("d", "{}").format(*digits)
    )


PHONES = st.one_of(
    _digits("+1 ddd ddd dddd"),
    _digits("+1ddddddddddd"),
    _digits("(ddd) ddd-dddd"),
    _digits("ddd-ddd-dddd"),
    _digits("ddd.ddd.dddd"),
    _digits("+44 20 dddd dddd"),
    _digits("0ddd ddd dddd"),
    _digits("dd dd dd dd dd"),
    _digits("+33 d dd dd dd dd"),
    _digits("+49ddddddddddddd"),
    _digits("+48 ddd ddd ddd"),
    _digits("+91 ddddd ddddd"),
    _digits("tel. ddd ddd ddd"),
    _digits("02ddddddd"),
)


@settings(deadline=None, database=None, max_examples=200)
@given(
    st.lists(st.one_of(AMOUNTS, DATES, PHONES), min_size=1, max_size=6), st.sampled_from(["; ", "\n", " and ", " | "])
)
@example(["+495023343457799", "10/10/1900"], "; ")
def test_plain_amounts_dates_and_phones_are_never_masked(items: list[str], between: str) -> None:
    """Whatever their digits."""
    text = between.join(items)
    assert mask(text) == Masked(text, ())


PIECES = st.sampled_from(
    """4111 1111 1111 1111|4111111111111111|4222222222222|378282246310005|046 454 286|046-454-286|046454286|123-45-6789
    |DE89 3704 0044 0532 0130 00|GB29NWBK60161331926819|2341 2341 2346|880320-0016|54362315K|2 95 10 99 126 111 93
    |1112.22.333|12.531.909-2|85.07.30-033.28|111222333|1234|123|12|-|/|.|,| |  |[|]|[card •1111]|[id •4286]|$|€| EUR
    |SIN |SSN |BSN: |Visa |order |call |0,|INV-|•""".replace("\n", "").split("|")
)


@settings(deadline=None, database=None, max_examples=300)
@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(" -./,0123456789", max_size=80), st.text()))
@example("SSN 4111111111111111 then, a little later: 536904399")  # the label comes nearer when the card is masked
@example("046 454 286-4111111111111111")
def test_masking_is_idempotent(text: str) -> None:
    """A placeholder is no number, and does not turn its neighbours into one."""
    masked = mask(text).text
    assert mask(masked) == Masked(masked, ())


@pytest.mark.parametrize(
    ("piece", "masked"),
    [
        ("4", "4"),
        (" ", " "),
        ("1 ", "1 "),
        ("12-", "12-"),
        ("4111 ", "4111 "),
        ("123 456 782 ", "123 456 782 "),
        ("000-00-0000 ", "000-00-0000 "),
        ("DE12 ", "DE12 "),
        ("SIN 123456780 ", "SIN 123456780 "),
        ("order no no no ", "order no no no "),
        ("4111111111111112 ", "4111111111111112 "),
        ("4111111111111111 ", "[card •1111] "),
        ("４１１１", "４１１１"),
    ],
    ids=ascii,
)
def test_a_very_long_text_is_masked_like_a_short_one(piece: str, masked: str) -> None:
    """20,000 characters in which a number may start nearly everywhere."""
    times = 20_000 // len(piece)
    assert mask(piece * times).text == masked * times
