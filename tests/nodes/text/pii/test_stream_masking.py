import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.text.pii.masking import mask
from nodes.text.pii.stream_masking import MAX_HELD, StreamMasker

NUMBERS = {
    "4111 1111 1111 1111": "[card •1111]",
    "5555555555554444": "[card •4444]",
    "3782-822463-10005": "[card •0005]",
    "４１１１ １１１１ １１１１ １１１１": "[card •1111]",
    "536-90-4399": "[id •4399]",
    "390.533.447-05": "[id •4705]",
    "131052-308T": "[id •308T]",
    "2 95 10 99 126 111 93": "[id •1193]",
    "54362315-K": "[id •315K]",
}


def in_pieces(pieces: Sequence[str]) -> str:
    """What comes out in all; never is more held back than may be."""
    masker, out = StreamMasker(), ""
    for piece in pieces:
        out += masker.feed(piece)
        assert len(masker.held) <= MAX_HELD
    return out + masker.flush()


def cut(text: str, places: Sequence[int]) -> list[str]:
    """The text cut at these places."""
    ends = sorted({place for place in places if 0 < place < len(text)})
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(text)], strict=True)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_masked_wherever_it_is_cut(number: str) -> None:
    """In two anywhere, and into single characters; at the end of a text, and in the middle of it."""
    for ending in ("", ".", " and thanks for asking, that is all there is to say."):
        text, masked = f"Yours is {number}{ending}", f"Yours is {NUMBERS[number]}{ending}"
        for place in range(len(text) + 1):
            assert in_pieces(cut(text, [place])) == masked
        assert in_pieces(list(text)) == masked


@pytest.mark.parametrize(
    ("pieces", "masked"),
    [
        (["DE", "89 3704 0044 0532 0130 00"], "[IBAN •3000]"),
        (["to GB", " is no country, GB29NWBK60161331", "926819."], "to GB is no country, [IBAN •6819]."),
        (["D", "E89 3704 0044 0532 0130 00"], "D[IBAN •3000]"),
        (["gb", "29 nwbk 6016 1331 9268 19"], "gb[IBAN •6819]"),
        (["A", "B123456C"], "A[id •456C]"),
        (["RCCMNL", "83S18D969H"], "RCCMNL[id •969H]"),
        (["X", "2482300W"], "X[id •300W]"),
    ],
)
def test_letters_before_the_first_digit_may_be_out_already(pieces: list[str], masked: str) -> None:
    """They stay where they are, and the number is masked from there on; two capitals are waited with."""
    assert in_pieces(pieces) == masked
    assert mask(masked).text == masked


@pytest.mark.parametrize(
    "words",
    [
        ["The", " quick", " brown", " fox"],
        ["I", " can", " help", ".", "\n\n", "- **", "Groceries", "**:", " less"],
        ["Zo", "ë", " ", "спасибо", "。", "好的", " 👍"],
        ["RSSMRA", "understanding", "INVESTORS", "VAT", "card number"],
    ],
)
def test_words_go_out_at_once(words: list[str]) -> None:
    """Nothing is held of a text without a digit."""
    masker = StreamMasker()
    assert [masker.feed(word) for word in words] == words


def test_figures_wait_for_what_follows_and_no_longer() -> None:
    """A year, an amount and a date go out with the next word."""
    masker = StreamMasker()
    heard = [
        masker.feed(piece) for piece in ("Since 20", "24 ", "you", " spent 1,2", "34.50", ", on", " 2024-01-15", "\n")
    ]
    assert heard == ["Since ", "", "2024 you", " spent 1,", "", "234.50, on", " ", "2024-01-15\n"]


def test_what_was_sent_says_what_a_number_is() -> None:
    """Names before a number, although they are out."""
    assert in_pieces(["My SSN", " is", " ", "536904399", " now"]) == "My SSN is [id •4399] now"
    assert in_pieces(["order", " no. ", "4111111111111111", " now"]) == "order no. 4111111111111111 now"


def test_what_follows_says_that_a_number_is_none() -> None:
    """It is waited for."""
    pieces = ["SIN 046 454 ", "286", " zł", "otych", " in all"]
    assert in_pieces(pieces) == "SIN 046 454 286 złotych in all"
    assert in_pieces(["4111111111111111", "0"]) == "41111111111111110"


def test_found_numbers_are_counted_by_kind() -> None:
    """However many of a kind there are."""
    masker = StreamMasker()
    masker.feed("4111 1111 1111 1111, 5555555555554444 and 536-90-4399")
    masker.flush()
    assert masker.found == {"card": 2, "national_id": 1}


PIECES = st.sampled_from(
    """4111 1111 1111 1111|4111111111111111|4222222222222|378282246310005|046 454 286|046-454-286|046454286|123-45-6789
    |DE89 3704 0044 0532 0130 00|GB29NWBK60161331926819|2341 2341 2346|880320-0016|54362315K|2 95 10 99 126 111 93
    |1112.22.333|12.531.909-2|85.07.30-033.28|111222333|RCCMNL83S18D969H|RCC MNL 83S18 D969H|BOXW310820HNERXN09
    |AB123456C|AB 12 34 56 C|X-2482300-W|131052-308T|1234|123|12|1|-|/|.|,| |  |[|]|[card •1111]|[id •4286]|$|€| EUR
    | złotych|SIN |SSN |BSN: |Visa |order |call |0,|INV-|•| and | of|US |the |\n""".replace("\n    ", "").split("|")
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.text(" -./,0123456789ABXYZabkx", max_size=80),
    st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=10).map("".join),
)
CUTS = st.one_of(st.just(range(500)), st.lists(st.integers(0, 120), max_size=12))


@settings(deadline=None, database=None, max_examples=1000)
@given(TEXTS, CUTS)
def test_pieces_are_together_what_the_whole_is(text: str, places: Sequence[int]) -> None:
    """Wherever it is cut, but behind letters that a number may begin with."""
    places = [place for place in places if not re.search(r"[A-Za-z][ -]?\Z", text[:place])]
    assert in_pieces(cut(text, places)) == mask(text).text


@settings(deadline=None, database=None, max_examples=1000)
@given(TEXTS, CUTS)
def test_nothing_is_left_to_mask(text: str, places: Sequence[int]) -> None:
    """Wherever it is cut, behind letters, too."""
    out = in_pieces(cut(text, places))
    assert mask(out).text == out
