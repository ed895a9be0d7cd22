"""Keys, tokens and passwords, and contacts where a setting asks for them.

They are made up, and put together here, so that no scanner takes this file for a leak.
"""

import pytest

from nodes.text.pii.detection import Masked, OptionalKind
from nodes.text.pii.masking import MAX_HELD, StreamMasker, mask

HEX, MIXED = "0123456789abcdef", "AbCdEf0123456789GhIjKlMnOpQrStUvWx"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\nabcd+/==\n-----END RSA " + "PRIVATE KEY-----"
KEYS = [
    "sk-" + MIXED, "sk-" + "proj-" + MIXED * 4, "sk-" + "ant-api03-" + MIXED * 3, "gh" + "p_" + MIXED,
    "github" + "_pat_" + MIXED * 2, "gl" + "pat-" + MIXED[:20], "AK" + "IA" + "IOSFODNN7EXAMPLE",
    "AS" + "IA" + "IOSFODNN7EXAMPLE", "AI" + "za" + MIXED + "x", "xo" + "xb-123456789012-" + MIXED,
    "sk" + "_live_" + MIXED, "rk" + "_live_" + MIXED, "wh" + "sec_" + MIXED, "S" + "K" + HEX * 2,
    "S" + "G." + MIXED[:22] + "." + MIXED, "np" + "m_" + MIXED + "ab", "py" + "pi-" + MIXED * 3, "h" + "f_" + MIXED,
    "ey" + "J" + MIXED + ".ey" + "J" + MIXED + "." + MIXED, "access-" + "production-" + f"{HEX[:8]}-{HEX[:4]}-" + HEX,
    PEM,
]  # fmt: skip
NAMED = [
    ("password: {}", "hunter2!"),
    ("my password is {}", "Sommer2024!"),
    ("Passwort: {}", "Geheim99"),
    ("contraseña: {}", "Verano2024"),
    ("mot de passe : {}", "Soleil2024!"),
    ("DB_PASSWORD={}", "s3cr3tpass"),
    ('"password": "{}"', "hunter22"),
    ("postgres://app:{}@db.example.com/app", "s3cretpw"),
    ("client_secret={}", MIXED),
    ("Authorization: Bearer {}", MIXED),
    ("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"),
    ("auth token: {}", HEX * 2),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:8])
def test_a_key_is_masked_by_its_prefix(key: str) -> None:
    """Whole, without the text around it."""
    assert mask(f"I use {key}. Is that safe?") == Masked("I use [secret]. Is that safe?", ("secret",))


@pytest.mark.parametrize(("text", "secret"), NAMED)
def test_a_secret_is_masked_behind_its_name(text: str, secret: str) -> None:
    """The name stays."""
    assert mask(text.format(secret)) == Masked(text.format("[secret]"), ("secret",))


@pytest.mark.parametrize(
    "text",
    [
        "password: required",
        "I forgot my password, can you reset it in 2024?",
        "Password reset on 2024-11-05",
        "Password: 8-20 characters",
        "password: 2024-11-05",
        "my API key limit: 10000",
        "sk-learn is a library, and sk-fading-circle-with-many-words a style",
        "the token price is 1234",
        "task-12345678901234567890",
        "https://example.com/a-very-long-path-with-words-and-2024-in-it",
    ],
)
def test_what_only_resembles_a_secret_is_left(text: str) -> None:
    """Words, dates, rules for passwords, and addresses of pages."""
    assert mask(text) == Masked(text, ())


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(("text", "secret"), [*NAMED, *(("{}", key) for key in KEYS)])
def test_a_secret_is_masked_in_a_stream(text: str, secret: str, size: int) -> None:
    """However it is cut, and never held back as a whole; letters of a prefix may have been sent."""
    whole = f"Yours is {text.format(secret)}. That is all."
    masker, sent = StreamMasker(), ""
    for begin in range(0, len(whole), size):
        sent += masker.feed(whole[begin : begin + size])
        assert len(masker.held) <= MAX_HELD
    sent += masker.flush()
    assert masker.found == {"secret": 1}
    assert sent.endswith(". That is all.")
    assert secret[len(secret) // 2 :] not in sent


@pytest.mark.parametrize(
    ("text", "kind", "masked"),
    [
        ("write to john.doe@example.com, please", "email", "write to [email], please"),
        ("call 415-555-2671 now", "phone", "call [phone •2671] now"),
        ("+49 170 1234567", "phone", "[phone •4567]"),
        ("tel: (415) 555-2671", "phone", "tel: [phone •2671]"),
    ],
)
def test_contacts_are_masked_only_where_they_are_asked_for(text: str, kind: OptionalKind, masked: str) -> None:
    """By default users may ask about them; a stream masks them alike."""
    assert mask(text) == Masked(text, ())
    assert mask(text, [kind]) == Masked(masked, (kind,))
    masker = StreamMasker([kind])
    assert "".join(masker.feed(char) for char in text) + masker.flush() == masked


def test_a_number_without_a_sign_of_a_phone_is_no_phone() -> None:
    """Neither a plus sign nor a word for it."""
    text = "order 4155552671 of 2024-11-05"
    assert mask(text, ["phone"]) == Masked(text, ())
