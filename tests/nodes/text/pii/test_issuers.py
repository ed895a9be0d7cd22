"""Keys of some hundred issuers by their published formats, and keys that only a word before or behind them tells.

They are random and put together here, so that no scanner takes this file for a leak.
"""

import random
import string
from collections.abc import Iterator

import pytest

from nodes.text.pii.masking import StreamMasker, mask

SETS = {
    "h": "0123456789abcdef",
    "a": string.ascii_letters + string.digits,
    "w": string.ascii_letters + string.digits + "_-",
    "b": string.ascii_letters + string.digits + "+/",
    "u": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "d": string.digits,
}
FORMATS = """
    sk-|a48 sk-proj-|w120 sk-svcacct-|w90 sk-admin-|w80 sk-ant-api03-|w95 sk-or-v1-|h64 sk-|h32 sess-|a40 AIza|w35
    GOCSPX-|w28 ya29.|w80 AKIA|u16 ASIA|u16 LTAI|a20 AKID|a32 ghp_|a36 gho_|a36 ghs_|a36 github_pat_|a22|_|a59
    glpat-|w20 GR1348941|w20 xoxb-|d12|-|d12|-|a24 xoxp-|d12|-|d12|-|h32 xapp-1-A|u10|-|d13|-|h64
    hooks.slack.com/services/T|u8|/B|u10|/|a24 discord.com/api/webhooks/|d18|/|w68 sk_live_|a24 rk_live_|a99
    whsec_|a32 SK|h32 SG.|w22|.|w43 key-|h32 shpat_|h32 dop_v1_|h64 HRKU-|h8|-|h4|-|h4|-|h4|-|h12 nfp_|a36 vcp_|a56
    AccountKey=|b86|== npm_|a36 pypi-AgEIcHlwaS5vcmc|w150 rubygems_|h48 oy2|l43 dckr_pat_|w27 hvs.|w90
    dapi|h32 NRAK-|u27 glsa_|a32|_|h8 glc_eyJ|a80 sntrys_eyJ|a80 sntryu_|h64 ATATT3xFfGF0|w160 lin_api_|a40 secret_|a43
    ntn_|a46 pat|a14|.|h64 figd_|w40 pat-na1-|h8|-|h4|-|h4|-|h4|-|h12 hf_|a34 r8_|a37 gsk_|a52 xai-|a80 pplx-|a48
    fw_|a22 tgp_v1_|w43 sk_|h48 lsv2_pt_|h32|_|h10 pcsk_|a6|_|a60 sbp_|h40 sb_secret_|w31 pscale_tkn_|w43 napi_|l60
    dp.pt.|a43 ops_eyJ|a200 access-production-|h8|-|h4|-|h4|-|h4|-|h12 EAAA|w60 sq0csp-|w43
    access_token$production$|l16|$|h32 rzp_live_|a14 FLWSECK-|h32|-X live_|a30 re_|a8|_|a24 xkeysib-|h64|-|a16
    sk.eyJ|a60|.|w22 EAA|a150 AAAAAAAAAAAAAAAAAAAAA|a80 AGE-SECRET-KEY-1|u58 tskey-auth-|a17|-|a32 pul-|h40
    PMAK-|h24|-|h34 tfp_|w44 dt0c01.|u24|.|u64 EZAK|a54 shippo_live_|h40 CFPAT-|w43 cs_|h40 CCIPAT_|a22|_|h40 bkua_|h40
    fm2_|b120 rnd_|a28 phx_|a43 sgp_|h40 nvapi-|w64 eyJ|w30|.eyJ|w60|.|w43 klarna_live_api_|b80 duffel_live_|w43
""".split()  # noqa: SIM905
AROUND = ("{}", "my key {} leaked", "here it is: {}. Delete it", "({})", "`{}`", 'KEY="{}",', "one\n{}\ntwo")
NAMED = (
    "the api key for my bank export is {}, save it", "api key for the bank: {}", "API-KEY {}", "apikey={}",
    "the token for YNAB is {}", "der API-Schlüssel für den Export lautet {}", "API-Key für die Bank: {}",
    "mein Token ist {}", "la clave api del banco: {}", "la clé d'API de la banque est {}", "STRIPE_SECRET={}",
    "client_secret: '{}'", "my webhook secret: {}", "{} is my api key", "{} is the token for the bank",
    "Authorization: Bearer {}", "session cookie: {}", "the key for the export api is {}",
    "my personal access token from the bank, {}, stopped working", "PAT: {}", "het api token is {}", "secret: {}",
    "my key for Coinbase is {}", "the API credential is {}", "das Geheimnis ist {}", "il token è {}", "ynab key {}",
)  # fmt: skip
VALUES = ("h32", "h40", "h64", "a32", "a40", "h8|-|h4|-|h4|-|h4|-|h12", "a43|=")
SHARE = 2
"""A key counts as masked where the second half of it is gone: in a stream letters of its prefix may have been sent."""


def a_key(form: str, rng: random.Random) -> str:
    """A random key of a format: parts that stand as they are, and parts of a set's letter and a count."""
    return "".join(
        "".join(rng.choices(SETS[part[0]], k=int(part[1:]))) if part[0] in SETS and part[1:].isdigit() else part
        for part in form.split("|")
    )


def in_pieces(text: str, rng: random.Random) -> str:
    """What comes out of a stream that is cut at random."""
    masker, sent, place = StreamMasker(), "", 0
    while place < len(text):
        size = rng.choice((1, 2, 3, 5, 8, 13))
        sent += masker.feed(text[place : place + size])
        place += size
    return sent + masker.flush()


def written(form: str, places: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Texts around random keys of a format, and what must be gone from each."""
    rng = random.Random(form)  # noqa: S311 - nothing is secret
    for place in places:
        key = a_key(form, rng)
        yield place.format(key), key[len(key) // SHARE : -3]


@pytest.mark.parametrize("form", FORMATS)
def test_a_key_of_every_issuer_is_masked(form: str) -> None:
    """By its prefix alone, whatever stands around it, in a whole text and in a stream."""
    rng = random.Random(form)  # noqa: S311
    texts = [*written(form, AROUND)]
    assert [text for text, gone in texts if gone in mask(text).text] == []
    assert [text for text, gone in texts if gone in in_pieces(text, rng)] == []


@pytest.mark.parametrize("form", VALUES)
def test_a_key_without_a_prefix_is_masked_by_a_word_for_it(form: str) -> None:
    """In the same sentence, before it or right behind it, in several languages, in a stream, too."""
    rng = random.Random(form)  # noqa: S311
    texts = [*written(form, NAMED)]
    assert [text for text, gone in texts if gone in mask(text).text] == []
    assert [text for text, gone in texts if gone in in_pieces(text, rng)] == []
