"""What a model can do to the facts."""

from uuid import UUID

import pytest

from tests.faults.stored_turn import outcome_in_metrics
from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.model_script import Garbage, Json, Refuse, Reply, Status, Text, structured
from tests.support.model_server import ModelServer

NO_FACTS = {
    "no JSON": Text("There are none, sorry."),
    "another shape": Json({"memories": ["Rome"]}),
    "a confidence beyond all": Json({"facts": [{"fact": "The user lives in Rome.", "confidence": 7}]}),
    "a refusal": Status(400),
    "garbage": Garbage(),
    "silence": Refuse(),
}


@pytest.mark.parametrize("reply", NO_FACTS.values(), ids=NO_FACTS.keys())
async def test_facts_that_cannot_be_read_cost_nothing_else(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, reply: Reply
) -> None:
    """The answer is out, nothing is remembered, and the metrics say so."""
    model.always(reply, structured)
    answer = await frontdesk.chat(ada, "I live in Rome.")
    assert answer.text == "Hello from the scripted model."
    await model.received(structured)
    assert await rows(frontdesk.service.url, "select fact from user_memory_facts") == []
    assert await outcome_in_metrics(frontdesk, answer) == ("done", "facts_failed", True)
