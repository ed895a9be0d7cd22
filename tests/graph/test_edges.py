"""Which node comes next."""

from typing import Any

import pytest

from graph.pipeline import after_rate_limit, after_waiting
from nodes.state import Refusal
from tests.nodes.states import a_state

BUSY = Refusal(code="conversation_busy", message="Busy.", rule=None)


@pytest.mark.parametrize(
    ("changes", "node"),
    [
        ({"place": "first"}, "route"),
        ({"place": "waiting"}, "wait_for_conversation"),
        ({"place": "conversation_full"}, "wait_for_conversation"),
        ({"place": None}, "wait_for_conversation"),
        ({"place": None, "refusal": BUSY}, "record_metrics"),
    ],
    ids=["first", "waiting", "without a place", "not counted", "refused"],
)
async def test_only_the_first_in_its_conversation_goes_straight_to_route(changes: dict[str, Any], node: str) -> None:
    """What is refused is recorded; the others wait, or learn there that they cannot."""
    assert await after_rate_limit(a_state(**changes)) == node


@pytest.mark.parametrize(("refusal", "node"), [(None, "route"), (BUSY, "record_metrics")])
async def test_a_message_that_waited_is_answered_unless_it_is_refused(refusal: Refusal | None, node: str) -> None:
    """A refusal is recorded."""
    assert await after_waiting(a_state(refusal=refusal)) == node
