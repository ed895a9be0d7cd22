"""The tools that are offered, and the room that they and their results take."""

import pytest

from nodes.employees import EMPLOYEES, Employee, Slug
from nodes.prompts import prompt_texts
from nodes.state import State
from nodes.tools.registry import TOOLS_OF
from nodes.trim_context import RESULTS_SHARE, TrimmedContext, trim_context
from storage.turns import History
from tests.nodes.states import Listener, a_route, a_state, a_talk
from tests.nodes.trimming import LONG


def state_of(slug: Slug, *, has_desk: bool, talk: int = 0) -> State:
    """A turn of an employee's."""
    history = History(summary="", covers=talk, messages=a_talk(*[LONG] * talk))
    return a_state(route=a_route(slug), history=History({**history, "has_desk": True}) if has_desk else history)


async def trimmed(state: State, *, budget: int = 7500, calls_tools: bool = True) -> TrimmedContext:
    """The prompt for this state."""
    return await trim_context(state, Listener().runtime, budget=budget, reserve=800, calls_tools=calls_tools)


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
async def test_each_has_their_own_tools(employee: Employee) -> None:
    """With the text that goes with them; the version of the prompt is that text's."""
    slug = employee.slug
    found = await trimmed(state_of(slug, has_desk=True))
    assert found["tools"] == [tool.name for tool in TOOLS_OF[slug]]
    assert found["prompt"][0].text.startswith(prompt_texts().with_desk[slug].text)
    assert found["prompt_version"] == prompt_texts().with_desk[slug].version


async def test_who_has_nothing_here_gets_formulas_of_goalie_only() -> None:
    """Everybody else gets none, and the text without tools."""
    offered = {one.slug: await trimmed(state_of(one.slug, has_desk=False)) for one in EMPLOYEES}
    assert {slug: found["tools"] for slug, found in offered.items() if found["tools"]} == {
        "goalie": ["monthly_amount", "reached_when", "pay_off"]
    }
    assert offered["goalie"]["prompt_version"] == prompt_texts().with_tools["goalie"].version
    assert offered["prime"]["prompt_version"] == prompt_texts().whole["prime"].version


@pytest.mark.parametrize(("budget", "calls_tools"), [(7500, False), (4000, True)], ids=["no tools", "no room"])
async def test_a_model_that_takes_no_tools_or_has_no_room_gets_the_text_without(budget: int, calls_tools: bool) -> None:
    """It says that nothing can be looked up."""
    found = await trimmed(state_of("crystal", has_desk=True), budget=budget, calls_tools=calls_tools)
    assert found["tools"] == []
    assert found["prompt_version"] in (prompt_texts().whole["crystal"].version, prompt_texts().short["crystal"].version)


async def test_results_have_a_quarter_of_the_room() -> None:
    """Which the history does not get."""
    without, with_tools = [
        await trimmed(state_of("tag", has_desk=has_desk, talk=100), budget=20_000) for has_desk in (False, True)
    ]
    kept = [len(found["prompt"]) * 284 for found in (without, with_tools)]
    assert kept[0] - kept[1] >= 19_200 // RESULTS_SHARE - 2 * 284
