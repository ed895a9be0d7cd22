"""The `frontdesk replay` commands: record a turn, run it again offline, compare the results."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import click

from api.cli.options import with_settings

if TYPE_CHECKING:
    from graph.replay.recording import Recording, Step
    from graph.replay.run import Difference
    from graph.settings import Settings

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def replay() -> None:
    """Record a turn, and run it again offline."""


@replay.command("record")
@click.argument("message")
@click.option("-o", "--output", required=True, type=NEW_FILE, help="The file to write.")
@click.option("--title", default="", help="The recording's title.")
@click.option("--conversation", default=None, help="Continue this conversation.")
@click.option("--employee", default=None, help="Ask this employee.")
@click.option("--user", default=None, type=click.UUID, help="On behalf of this user.")
@with_settings
def record_turn(
    settings: "Settings",
    message: str,
    output: Path,
    title: str,
    conversation: str | None,
    employee: str | None,
    user: UUID | None,
) -> None:
    """Run a turn for MESSAGE with the real database and model, and record it."""
    from langchain_core.messages import HumanMessage

    from graph.container import open_dependencies
    from graph.database import database
    from graph.replay.record import record
    from nodes.state import LOCAL_USER, Context, Input

    turn_id = str(uuid4())
    given = Input(
        messages=[HumanMessage(message, id=turn_id)], conversation_id=conversation or turn_id, employee=employee
    )

    async def work() -> "Recording":
        async with database(settings, click.echo) as url, open_dependencies(settings, url, click.echo) as d:
            return await record(d, given, Context(user_id=str(user or LOCAL_USER)), title or message[:60])

    recording = asyncio.run(work())
    recording.write(output)
    click.echo(f"{output}: {', '.join(step.node for step in recording.steps)}")


@replay.command("run")
@click.argument("file", type=EXISTING_FILE)
@click.option("--node", default=None, help="Run this node only.")
@click.option("--from", "start", default="guard", show_default=True, help="Run the graph from this node on.")
def run(file: Path, node: str | None, start: str) -> None:
    """Run FILE's turn again offline and print each node's result; exit 1 where it differs from the recording."""
    from graph.replay.run import differences

    recording = _read(file)
    steps = _again(recording, node or start, only=node is not None)
    for step in steps:
        click.echo(f"{step.node}: {_short(step.result)}")
    _report(differences(recording, steps))


@replay.command("diff")
@click.argument("file", type=EXISTING_FILE)
@click.argument("other", type=EXISTING_FILE, required=False)
def diff(file: Path, other: Path | None) -> None:
    """Compare OTHER, or running FILE again now, with FILE node by node; exit 1 where they differ."""
    from graph.replay.run import differences

    recording = _read(file)
    _report(differences(recording, _read(other).steps if other else _again(recording, "guard", only=False)))


def _again(recording: "Recording", start: str, *, only: bool) -> "list[Step]":
    from graph.replay.run import replay as run_again

    try:
        return asyncio.run(run_again(recording, start=start, only=only))
    except KeyError as error:
        known = ", ".join(step.node for step in recording.steps)
        raise click.ClickException(f"{error.args[0]} is not in this recording; it has {known}") from None


def _read(file: Path) -> "Recording":
    from graph.replay.recording import Recording

    try:
        return Recording.read(file)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _report(found: "list[Difference]") -> None:
    for difference in found:
        click.echo(str(difference))
    if found:
        raise SystemExit(1)
    click.echo("as recorded")


def _short(result: Any) -> str:
    text = json.dumps(result, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}…"
