"""Answers that call tools, in the clients of each dialect: nothing is left for the client to run."""

import json
from uuid import UUID

import pytest

from tests.doors.ag_ui import ag_ui_agent, needs_ag_ui
from tests.doors.ai_sdk import SDK, ai_chat, needs_ai_sdk
from tests.doors.clients import openai_client
from tests.doors.langgraph import langgraph_client, said
from tests.support.app import Frontdesk
from tests.support.desk import fill
from tests.support.model_script import Calls, Text, streaming
from tests.support.model_server import ModelServer

QUESTION = "How much did I spend in March?"
SAID = "Let me look.\n\nYou spent 412.50 €, 3 times."


@pytest.fixture
async def asked(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """A model that calls two tools, one of which there is not."""
    await fill(frontdesk.service.url, ada, ("2026-03-03", "-412.50", "Corner Market"))
    march = {"since": "2026-03-01", "until": "2026-03-31"}
    model.queue(Calls([("totals", march), ("no_tool", {})], "Let me look."), streaming)
    model.queue(Text("You spent 412.50 €, 3 times."), streaming)


@pytest.mark.usefixtures("asked")
async def test_chat_completions_have_them_beside_the_text(frontdesk: Frontdesk, ada: UUID) -> None:
    """In `frontdesk` of a chunk without text; no chunk has `tool_calls`."""
    message = {"role": "user", "content": QUESTION}
    async with openai_client(frontdesk, ada) as client:
        stream = await client.chat.completions.create(model="crystal", messages=[message], stream=True)
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID
    assert all(chunk.choices[0].delta.tool_calls is None for chunk in chunks)
    ours = [(chunk.model_extra or {}).get("frontdesk") or {} for chunk in chunks]
    results = [one["tool_result"] for one in ours if "tool_result" in one]
    assert [one["tool_call"]["call_id"] for one in ours if "tool_call" in one] == [one["call_id"] for one in results]
    assert (ours[-1]["references"], ours[-1]["unverified"]) == ([results[0]["reference_id"]], ["3"])


@pytest.mark.usefixtures("asked")
async def test_responses_name_them_at_the_end(frontdesk: Frontdesk, ada: UUID) -> None:
    """In the metadata; the output is the answer alone."""
    async with openai_client(frontdesk, ada) as client:
        response = await client.responses.create(model="crystal", input=QUESTION)
    assert (response.output_text, len(response.output)) == (SAID, 1)
    assert response.metadata
    assert response.metadata["frontdesk_unverified"] == "3"
    assert str(UUID(response.metadata["frontdesk_references"])) == response.metadata["frontdesk_references"]


@needs_ai_sdk
@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("sdk", ["ai", "ai-v6"])
async def test_the_ai_sdk_shows_them_as_run_by_the_server(frontdesk: Frontdesk, ada: UUID, sdk: SDK) -> None:
    """Between two texts, with what was found, or that nothing was; a page that is opened has them before the text."""
    async with ai_chat(frontdesk, ada, sdk) as chat:
        seen = await chat.send(QUESTION, employee="crystal")
        await frontdesk.settled()
        loaded = await chat.act("load")
    parts = [part for part in seen.messages[-1]["parts"] if part["type"] in ("text", "dynamic-tool")]
    assert (seen.status, [part["type"] for part in parts]) == (
        "ready",
        ["text", "dynamic-tool", "dynamic-tool", "text"],
    )
    totals, nothing = parts[1:3]
    assert (totals["state"], totals["toolName"], totals["providerExecuted"]) == ("output-available", "totals", True)
    assert totals["output"]["figures"][0]["value"] == "-412.50"
    assert (nothing["state"], nothing["errorText"]) == ("output-error", "This could not be computed.")
    [figures] = [part["data"] for part in seen.messages[-1]["parts"] if part["type"] == "data-figures"]
    assert figures == {"references": [totals["output"]["reference_id"]], "unverified": ["3"]}
    kept = [part for part in loaded.messages[-1]["parts"] if part["type"] in ("text", "dynamic-tool", "data-figures")]
    assert kept[:2] == [{**one, "input": {}} for one in (totals, nothing)]
    assert (kept[2]["text"], kept[3]["data"]) == (SAID, figures)


@needs_ag_ui
@pytest.mark.usefixtures("asked")
async def test_ag_ui_has_them_in_the_answer(frontdesk: Frontdesk, ada: UUID) -> None:
    """Calls in the message, results as messages of their own; the thread goes on behind them."""
    async with ag_ui_agent(frontdesk, ada, path="/ag-ui/crystal") as agent:
        seen = await agent.say(QUESTION)
        again = await agent.say("Thanks.")
    _, answer, totals, nothing = seen.messages
    assert (answer["content"], [call["function"]["name"] for call in answer["toolCalls"]]) == (
        SAID, ["totals", "no_tool"],
    )  # fmt: skip
    assert [one["toolCallId"] for one in (totals, nothing)] == [call["id"] for call in answer["toolCalls"]]
    assert json.loads(totals["content"])["figures"][0]["value"] == "-412.50"
    assert json.loads(nothing["content"])["reference_id"] is None
    result = seen.events[-1]["result"]
    assert (result["references"], result["unverified"]) == ([totals["toolCallId"]], ["3"])
    assert again.messages[-1]["content"] == "Hello from the scripted model."


@pytest.mark.usefixtures("asked")
async def test_langgraph_has_them_as_our_own_events(frontdesk: Frontdesk, ada: UUID) -> None:
    """In the mode `custom`."""
    async with langgraph_client(frontdesk, ada) as client:
        stream = client.runs.stream(None, "crystal", input=said(QUESTION), stream_mode="custom")
        events = [part.data for part in [part async for part in stream] if part.event == "custom"]
    assert [one["event"] for one in events if one["event"].startswith("tool_")] == ["tool_call", "tool_result"] * 2


@pytest.mark.usefixtures("asked")
async def test_a_langgraph_thread_has_them_as_tools(frontdesk: Frontdesk, ada: UUID) -> None:
    """On their own channel: what was asked for in words, and what was found."""
    async with langgraph_client(frontdesk, ada) as client, client.threads.stream(assistant_id="crystal") as thread:
        await thread.run.start(input=said(QUESTION))
        calls = [call async for call in thread.tool_calls]
        totals, nothing = [await call.output for call in calls]
    assert [call.name for call in calls] == ["totals", "no_tool"]
    assert calls[0].input["words"]
    assert (totals["figures"][0]["value"], nothing["reference_id"]) == ("-412.50", None)
