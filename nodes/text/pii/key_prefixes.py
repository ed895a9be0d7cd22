"""What the keys and tokens of some hundred issuers begin with, by their published formats.

A key is recognised by a prefix and enough characters of those that may follow it. In a stream the end of a text is held
while it is the beginning of a prefix.
"""

_HEX, _WORD, _PLAIN, _CAPITALS, _BASE64 = "[0-9a-f]", "[A-Za-z0-9_-]", "[A-Za-z0-9]", "[A-Z0-9]", "[A-Za-z0-9+/=_-]"

_KINDS = (
    # The prefixes, the characters that follow them, and how many of them are enough to be sure.
    ("sk-", _WORD, 20),  # OpenAI, Anthropic, OpenRouter, DeepSeek
    ("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\w", 20),
    ("glpat- gldt- glrt- glptt- glft- glffct- glsoat- gloas- glagent- glimt- glcbt- GR1348941", _WORD, 16),
    ("AKIA ASIA ABIA ACCA LTAI", _CAPITALS[:-1] + "a-z]", 16),  # AWS, Alibaba
    ("AKID", _PLAIN, 30),  # Tencent
    ("AIza", _WORD, 30),  # Google
    ("ya29. GOCSPX-", _WORD, 20),
    ("xoxa- xoxb- xoxe- xoxe.xox xoxo- xoxp- xoxr- xoxs- xapp-", "[A-Za-z0-9-]", 12),  # Slack
    ("hooks.slack.com/services/ discord.com/api/webhooks/", r"[\w/-]", 30),
    ("sk_live_ sk_test_ rk_live_ rk_test_ rzp_live_ rzp_test_", _PLAIN, 10),  # Stripe, Razorpay
    ("whsec_", _BASE64, 16),
    ("live_ test_", _WORD, 30),  # Mollie, GoCardless
    ("FLWSECK- FLWSECK_TEST- shippo_live_ shippo_test_", _HEX, 20),
    ("klarna_live_api_ klarna_test_api_ duffel_live_ duffel_test_", _BASE64, 20),
    ("access_token$production$ access_token$sandbox$", "[a-z0-9$]", 20),  # PayPal, Braintree
    ("EZAK EZTK", _PLAIN, 40),
    ("EAAA EAA", _WORD, 40),  # Square, Facebook
    ("sq0atp- sq0csp-", _WORD, 20),
    ("SK AC", _HEX, 32),  # Twilio
    ("SG.", _WORD, 20),  # SendGrid
    (
        "key- PMAK- doo_v1_ dop_v1_ dor_v1_ dot_v1_ shpat_ shpca_ shppa_ shpss_ sbp_ rubygems_ xkeysib- xsmtpsib-",
        _HEX,
        20,
    ),
    ("dapi ck_ cs_ sk_ pul- sgp_ bkua_ sntryu_ lsv2_pt_ lsv2_sk_", _HEX, 32),
    ("pat-na1- pat-na2- pat-eu1- HRKU- access-sandbox- access-development- access-production-", "[0-9A-Za-z_-]", 24),
    ("npm_ xai- nfp_ vcp_ vck_ vci_ vca_ jina_", r"\w", 30),
    ("pypi- glc_ sntrys_ fm2_ ATATT3 ATCTT3 ops_eyJ sl.", _BASE64, 40),
    ("hf_ gsk_ r8_ pplx- lin_api_ ntn_ fw_ pcsk_ rnd_ phx_ CCIPAT_ csk- rdme_", r"\w", 20),
    ("re_", r"\w", 24),  # Resend
    ("nvapi- dckr_oat_ dckr_pat_ hvs. hvb. figd_ glsa_ tvly- tfp_ CFPAT- sb_secret_ napi_ sess- tgp_v1_", _WORD, 20),
    ("pscale_tkn_ pscale_pw_ pscale_oauth_ dp.pt. dp.st. dp.ct.", r"[\w.-]", 24),
    ("secret_", _PLAIN, 40),  # Notion
    ("pat", "[A-Za-z0-9.]", 60),  # Airtable
    ("oy2", "[a-z0-9]", 40),  # NuGet
    ("NRAK- NRRA- dt0c01. dt0s01.", _CAPITALS, 20),  # New Relic, Dynatrace
    ("tskey-api- tskey-auth- tskey-client-", _PLAIN, 10),
    ("AccountKey= SharedAccessKey=", "[A-Za-z0-9+/=]", 36),  # Azure
    ("AAAAAAAAAAAAAAAAAAAAA", "[A-Za-z0-9%]", 30),  # X
    ("AGE-SECRET-KEY-1", _CAPITALS, 40),
    ("xprv yprv zprv", _PLAIN, 60),  # wallets
    ("sk.eyJ eyJ", _WORD, 14),  # Mapbox, JSON Web Token
)
_TELEGRAM = (r"\d{8,10}:AA", _WORD, 30)
_PEM = r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----"


def _escaped(prefixes: str) -> str:
    return "|".join(prefix.replace(".", r"\.").replace("$", r"\$") for prefix in prefixes.split())


_ROWS = [*((_escaped(prefixes), chars, count) for prefixes, chars, count in _KINDS), _TELEGRAM]
KEYS = "|".join([*(f"(?:{prefix}){chars}{{{count}}}" for prefix, chars, count in _ROWS), _PEM])
"""A prefix with enough behind it."""
CUT_KEYS = "|".join(f"(?:{prefix}){chars}{{0,{count - 1}}}" for prefix, chars, count in _ROWS)
"""A prefix with less behind it, of which more may come."""
STARTS = tuple(start for prefixes, _, _ in _KINDS for start in prefixes.split())
ORDINARY = frozenset("a A do du i o li na re se ses test live pat pul".split())  # noqa: SIM905
CUT_STARTS = frozenset(start[:size] for start in STARTS for size in range(1, len(start))) - ORDINARY
"""Beginnings of prefixes, but for those that are words which must not wait."""
LONGEST_START = max(map(len, STARTS))
