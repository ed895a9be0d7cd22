"""What another version of a turn is made of."""

from uuid import uuid4

from graph.turns.versions import version_of
from nodes.state import RouteReport
from storage.versions import Original
from tests.nodes.states import a_route


def test_a_version_takes_over_who_answers_and_nothing_of_the_other_request() -> None:
    """What its client sent along, and in which language, is stored with a route; both are of each request anew."""
    route: RouteReport = a_route()
    original = Original(
        conversation_id="c-1",
        message="How much?",
        employee="crystal",
        asked_employee=None,
        route={**route, "quoted": True, "language": "de"},
        answer="412.",
        finish_reason="stop",
        last_employee=None,
    )
    assert version_of(original, uuid4(), "regenerate")["route"] == route
