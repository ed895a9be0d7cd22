"""Recorded turns, replayed offline."""

import json
import os
from pathlib import Path

import pytest

from graph.replay.recording import Recording
from graph.replay.run import UnrecordedCall, differences, replay
from tests.support.fork_server import ForkServer
from tests.support.process import run

REPLAYS = Path(__file__).parents[2] / "replays"
FILES = sorted(REPLAYS.glob("*.jsonl"))

PLAIN = [
    "guard",
    "rate_limit",
    "route",
    "load_summary",
    "load_memory",
    "trim_context",
    "generate",
    "roll_summary",
    "extract_facts",
    "record_metrics",
]


def test_there_is_a_recording_of_each_kind_of_turn() -> None:
    """Also a trimmed, a refused, a limited and an early one, a fallback, one with tools, and a computed one."""
    names = {file.stem for file in FILES}
    assert names == {
        "plain",
        "follow_up",
        "trimmed",
        "refused",
        "rate_limited",
        "busy",
        "fallback",
        "tools",
        "computed",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_turn_replays_without_differences(file: Path) -> None:
    """Every node makes the same calls and returns the same result."""
    recording = Recording.read(file)
    steps = await replay(recording)
    assert [str(difference) for difference in differences(recording, steps)] == []
    assert sorted(step.node for step in steps) == sorted(step.node for step in recording.steps)


@pytest.mark.parametrize("node", PLAIN)
async def test_each_node_replays_alone_and_the_graph_from_it_on(node: str) -> None:
    """From its recorded state, a node does the same again, and so do the nodes after it."""
    recording = Recording.read(REPLAYS / "plain.jsonl")
    alone = await replay(recording, start=node, only=True)
    assert [step.node for step in alone] == [node]
    assert differences(recording, alone) == []
    onward = await replay(recording, start=node)
    assert node in [step.node for step in onward]
    assert [str(difference) for difference in differences(recording, onward)] == []


async def test_a_difference_names_the_node_and_the_place() -> None:
    """With the recorded and the current value."""
    recording = Recording.read(REPLAYS / "plain.jsonl")
    recording.step("route").result["route"]["employee"] = "goalie"
    found = differences(recording, await replay(recording))
    assert [(one.node, one.where, one.recorded, one.now) for one in found] == [
        ("route", "result.route.employee", "goalie", "ledger")
    ]


async def test_a_call_that_is_not_in_the_recording_is_an_error() -> None:
    """It cannot be answered offline; the error names node and call."""
    recording = Recording.read(REPLAYS / "plain.jsonl")
    recording.step("route").calls = []
    with pytest.raises(UnrecordedCall, match="route called"):
        await replay(recording, start="route", only=True)


async def test_a_replay_uses_the_recorded_model_output() -> None:
    """A change of the model's text in the file changes the node's answer."""
    recording = Recording.read(REPLAYS / "plain.jsonl")
    stream = next(call for call in recording.step("generate").calls if call.part == "model.stream")
    chunk = next(chunk for chunk in stream.answer if chunk["content"])
    chunk["content"] = "Otherwise"
    steps = await replay(recording, start="generate", only=True)
    assert steps[0].result["answer"]["text"].startswith("Otherwise")


async def test_a_file_that_is_no_recording_is_refused(forks: ForkServer, tmp_path: Path) -> None:
    """In one line, and no node runs."""
    path = tmp_path / "other.jsonl"
    path.write_text("{}\n")
    done = await run(forks, "replay", "run", str(path), folder=tmp_path, environment=os.environ)
    assert done.returncode == 1
    assert "is no recording" in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_commands_replay_and_compare(forks: ForkServer, tmp_path: Path) -> None:
    """`run` prints each node and `diff` each difference, with an exit code for scripts."""
    done = await run(
        forks, "replay", "run", str(REPLAYS / "plain.jsonl"), "--node", "route", folder=tmp_path, environment=os.environ
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "as recorded")
    changed = tmp_path / "changed.jsonl"
    head, *steps = (REPLAYS / "plain.jsonl").read_text().splitlines()
    documents = [json.loads(step) for step in steps]
    next(step for step in documents if step["node"] == "route")["result"]["route"]["employee"] = "tag"
    changed.write_text("\n".join([head, *map(json.dumps, documents)]))
    done = await run(
        forks, "replay", "diff", str(REPLAYS / "plain.jsonl"), str(changed), folder=tmp_path, environment=os.environ
    )
    assert done.returncode == 1
    assert done.stdout.strip() == "route: result.route.employee: recorded 'ledger', now 'tag'"
