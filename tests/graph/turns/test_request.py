"""The fingerprint of a request, by which a repeated one is known."""

from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.routes.chat import ChatRequest
from graph.turns.manager import SendRequest

ADA = uuid4()
EARLIER = UUID("0193e4a8-7c1e-7f3a-9b56-3d2f1a0c4e5b")

BODIES: list[dict[str, Any]] = [
    {"message": "Hello"},
    {"message": ""},
    {"message": "Was kostet die Grüße-Karte? 我存四百元 👑 e\u0301 \ufeff"},
    {"message": "She said \"no\" / \\ and 'maybe' <b>&amp;</b>"},
    {"message": "tab\t line\n return\r form\x0c back\b nul\x00 esc\x1b unit\x1f del\x7f"},
    {"message": "\u0085 \u2028 \u2029 \u200b \u202e"},
    {"message": "Hello", "conversation_id": "c-1", "employee": "ledger", "while_busy": "interrupt"},
    {"message": "Hello", "conversation_id": "c-1", "employee": "ledger-tax", "while_busy": "reject"},
    {"message": "No, tax.", "conversation_id": "c-1", "employee": "ledger", "instead_of": EARLIER},
    {"message": "Hello", "instead_of": str(EARLIER).upper()},
]


def a_request(body: ChatRequest) -> SendRequest:
    """What is sent for this body."""
    return SendRequest(ADA, body.message, body.conversation_id, body.employee, body.while_busy, body.instead_of)


def of_an_earlier_release(body: ChatRequest) -> str:
    """The fingerprint with which an earlier release claimed its keys."""
    known = body.model_dump_json(exclude={"regenerate", "edit", "continue_", "temporary"})
    return sha256(known.encode()).hexdigest()


@pytest.mark.parametrize("fields", BODIES)
def test_a_fingerprint_is_that_of_an_earlier_release(fields: dict[str, Any]) -> None:
    """Or a request repeated over an upgrade would be taken for another one under the same key."""
    body = ChatRequest(**fields)
    assert a_request(body).fingerprint == of_an_earlier_release(body)


@settings(deadline=None, database=None)
@given(
    message=st.text(),
    conversation_id=st.none() | st.from_regex(r"\A[A-Za-z0-9_:-]{1,128}\Z"),
    instead_of=st.none() | st.uuids(),
)
def test_a_fingerprint_is_that_of_an_earlier_release_for_any_message(
    message: str, conversation_id: str | None, instead_of: UUID | None
) -> None:
    """Whatever characters it has."""
    body = ChatRequest(message=message, conversation_id=conversation_id, instead_of=instead_of)
    assert a_request(body).fingerprint == of_an_earlier_release(body)


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Hello "},
        {"conversation_id": "c-2"},
        {"conversation_id": None},
        {"employee": "tag"},
        {"employee": None},
        {"while_busy": "reject"},
        {"instead_of": uuid4()},
        {"kind": "edit", "replaces": EARLIER},
        {"kind": "regenerate", "replaces": EARLIER},
        {"kind": "edit", "replaces": ADA},
        {"temporary": True},
    ],
    ids=lambda change: " ".join(f"{name}={value!r}" for name, value in change.items() if not isinstance(value, UUID)),
)
def test_another_request_has_another_fingerprint(change: dict[str, Any]) -> None:
    """Every field of the body counts."""
    request = SendRequest(ADA, "Hello", "c-1", "ledger", "wait", EARLIER)
    assert replace(request, **change).fingerprint != request.fingerprint


def test_the_fingerprint_is_of_the_body_alone() -> None:
    """Keys belong to their users, so neither user nor key needs to be in it."""
    request = SendRequest(ADA, "Hello", "c-1")
    assert replace(request, user_id=uuid4(), key="a key").fingerprint == request.fingerprint
