import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.text.pii.masking import MAX_HELD, ORDINARY, StreamMasker, mask
from tests.nodes.held_out import read

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


def streamed(pieces: Sequence[str]) -> str:
    """The whole output; checks that never more than `MAX_HELD` characters are held."""
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
    """Cut in two anywhere, or into single characters; at the end of a text or within it."""
    for ending in ("", ".", " and thanks for asking, that is all there is to say."):
        text, masked = f"Yours is {number}{ending}", f"Yours is {NUMBERS[number]}{ending}"
        for place in range(len(text) + 1):
            assert streamed(cut(text, [place])) == masked
        assert streamed(list(text)) == masked


@pytest.mark.parametrize(
    ("pieces", "masked"),
    [
        (["DE", "89 3704 0044 0532 0130 00"], "[IBAN •3000]"),
        (["to GB", " is no country, GB29NWBK60161331", "926819."], "to GB is no country, [IBAN •6819]."),
        (["D", "E89 3704 0044 0532 0130 00"], "[IBAN •3000]"),
        (["gb", "29 nwbk 6016 1331 9268 19"], "gb[IBAN •6819]"),
        (["RCCMNL", "83S18D969H"], "[id •969H]"),
        (["X", "2482300W"], "[id •300W]"),
        (["A", "T61 1904 3002 3457 3201"], "A[IBAN •3201]"),
        (["fo", "ur five three nine one four eight eight 0343 6467 is my card"], "[card •6467] is my card"),
        (["se", "ven"], "seven"),
    ],
)
def test_letters_before_the_first_digit_wait_for_it(pieces: list[str], masked: str) -> None:
    """Capitals, and beginnings of number words; but not those that are words of their own."""
    assert streamed(pieces) == masked
    assert mask(masked).text == masked


@pytest.mark.parametrize(
    ("pieces", "masked"),
    [
        (["my PIN is 48", "21, ok"], "my PIN is [secret], ok"),
        (["cvv four ei", "ght seven now please"], "cvv [secret] now please"),
        (["48", "21 is my P", "IN now"], "[secret] is my PIN now"),
        (["a -----BEGI", "N PRIVATE KEY-----"], "a [secret]"),
        (["pwd: hunter2![card", " •1111]"], "pwd: [secret][card •1111]"),
        (["use Rex20", "15! as my pass", "word, ok"], "use [secret] as my password, ok"),
        (["passphrase: correct horse ba", "ttery staple. Ok"], "passphrase: [secret]. Ok"),
        (
            ["card si", "x-zero-one-one-eight-nine-four-nine-four-zero-seven-one-three-one-three-four"],
            "card si[card •3134]",
        ),
    ],
)
def test_a_secret_is_masked_wherever_it_is_cut(pieces: list[str], masked: str) -> None:
    """Within its first letters, its name behind it, or a placeholder that touches it."""
    assert streamed(pieces) == masked
    assert mask(masked).text == masked


@pytest.mark.parametrize(
    "words",
    [
        ["The", " quick", " brown", " fox"],
        ["I", " can", " help", ".", "\n\n", "- **", "Groceries", "**:", " less"],
        ["Zo", "ë", " ", "спасибо", "。", "好的", " 👍"],
        ["understanding", "INVESTORS", " pay", " VAT by", " card number"],
    ],
)
def test_words_are_sent_at_once(words: list[str]) -> None:
    """A text without digits is never held."""
    masker = StreamMasker()
    assert [masker.feed(word) for word in words] == words


def test_figures_are_held_until_the_next_word() -> None:
    """A year, an amount and a date."""
    masker = StreamMasker()
    sent = [
        masker.feed(piece) for piece in ("Since 20", "24 ", "you", " spent 1,2", "34.50", ", by", " 2024-01-15", ".")
    ]
    assert sent == ["Since ", "", "2024 you", " spent ", "", "", "1,234.50, by ", ""]
    assert masker.flush() == "2024-01-15."


def test_sent_text_is_the_context_of_a_number() -> None:
    """A label counts although it was sent already."""
    assert streamed(["My SSN", " is", " ", "536904399", " now"]) == "My SSN is [id •4399] now"
    assert streamed(["order", " no. ", "4111111111111111", " now"]) == "order no. 4111111111111111 now"


def test_text_after_a_number_is_part_of_its_context() -> None:
    """The number is held until it has arrived."""
    pieces = ["SIN 046 454 ", "286", " zł", "otych", " in all"]
    assert streamed(pieces) == "SIN 046 454 286 złotych in all"
    assert streamed(["4111111111111111", "0"]) == "41111111111111110"


def test_masked_numbers_are_counted_by_kind() -> None:
    """Each number counts."""
    masker = StreamMasker()
    masker.feed("4111 1111 1111 1111, 5555555555554444 and 536-90-4399")
    masker.flush()
    assert masker.found == {"card": 2, "national_id": 1}


PIECES = st.sampled_from(
    """4111 1111 1111 1111|4111111111111111|4222222222222|378282246310005|046 454 286|046-454-286|046454286|123-45-6789
    |DE89 3704 0044 0532 0130 00|GB29NWBK60161331926819|2341 2341 2346|880320-0016|54362315K|2 95 10 99 126 111 93
    |1112.22.333|12.531.909-2|85.07.30-033.28|111222333|RCCMNL83S18D969H|RCC MNL 83S18 D969H|BOXW310820HNERXN09
    |AB123456C|AB 12 34 56 C|X-2482300-W|131052-308T|1234|123|12|1|-|/|.|,| |  |[|]|[card •1111]|[id •4286]|$|€| EUR
    | złotych|password: |my PIN is |CVV |hunter2!|[secret]
    | is my PIN|SIN |SSN |BSN: |S.S.N. |my id |paid |Visa |order |call |0,|INV-|•| and | of|US |the | spent 12 coffees
    |word3 |\n""".replace("\n    ", "").split("|")
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.text(" -./,0123456789ABXYZabkx", max_size=80),
    st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=10).map("".join),
)
CUTS = st.one_of(st.just(range(500)), st.lists(st.integers(0, 120), max_size=12))


STEADY = settings(deadline=None, database=None, max_examples=300, derandomize=True)
"""The same texts each time: a stream is masked once, and in one of some hundred mixtures of numbers, such as two cards
with nothing but "•" between them, only a second look shows that a number is one (docs/understanding.md)."""


def in_a_number(text: str, place: int) -> bool:
    """Whether a word was sent there that turns out to be the beginning of a number: its letters stay."""
    word = re.search(r"(?<![^\W_])[^\W\d_]+\Z", text[:place])
    goes_on = place < len(text) and not text[place].isspace()
    capital = re.search(r"(?<![0-9A-Za-z_])[AI]\Z", text[:place])
    return goes_on and bool(capital or (word and word[0].casefold() in ORDINARY))


def pieces_of(text: str, places: Sequence[int]) -> list[str]:
    """The text cut at these places, but for those where a word of its own was sent."""
    return cut(text, [place for place in places if not in_a_number(text, place)])


@STEADY
@given(TEXTS, CUTS)
def test_streaming_masks_like_the_whole_text(text: str, places: Sequence[int]) -> None:
    """Wherever it is cut."""
    assert streamed(pieces_of(text, places)) == mask(text).text


@pytest.mark.parametrize("kind", ["masked", "everyday"])
def test_streaming_masks_our_own_texts_like_the_whole(kind: str) -> None:
    """Each in an answer, cut at random, into tokens and into single characters."""
    rng = random.Random(kind)  # noqa: S311 - nothing is secret
    own = read("masking_own")
    texts = [case["text"] for case in own["masked"]] if kind == "masked" else own["everyday"]["texts"]
    for text in texts:
        whole = f"{rng.choice(('', 'Sure: ', 'Your card is '))}{text}{rng.choice(('', ' thanks', '. That is all.'))}"
        tokens = [found.start() for found in re.finditer(r" ?[^\W\d_]+| ?\d{1,3}|\s+|[^\s\w]+", whole)]
        masked = mask(whole).text
        for places in (rng.choices(range(len(whole)), k=8), tokens, range(len(whole))):
            assert streamed(pieces_of(whole, places)) == masked


@STEADY
@given(TEXTS, CUTS)
def test_streaming_leaves_nothing_to_mask(text: str, places: Sequence[int]) -> None:
    """Wherever it is cut, within a number's letters, too."""
    out = streamed(cut(text, places))
    assert mask(out).text == out
