"""The `frontdesk feedback` commands: what is learned from feedback."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import with_settings

if TYPE_CHECKING:
    from graph.settings import Settings


@click.group()
def feedback() -> None:
    """Learn from what users say of answers."""


@feedback.command("export")
@click.option("--out", default=None, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@with_settings
def export(settings: "Settings", out: Path | None) -> None:
    """Write messages that the wrong employee answered, as examples to review, and say what they would change."""
    from graph import feedback_examples as examples
    from nodes.routing.classifier import read_examples

    known = read_examples()
    found = examples.new_examples(asyncio.run(examples.marked_messages(settings, _say)), known)
    text = examples.to_file(found)
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    click.echo(f"{len(found)} new example{'' if len(found) == 1 else 's'}; nothing is changed by this.", err=True)
    if not found:
        return
    if reason := examples.why_not_compared():
        click.echo(reason, err=True)
        return
    _say("training the router twice to compare, which takes half a minute")
    result = asyncio.run(examples.compare(found, known, examples.labelled_cases()))
    click.echo(
        f"Of {result.cases} labelled messages {result.right_without} go to the right employee without them,"
        f" {result.right_with} with them.",
        err=True,
    )
    for line in result.changed:
        click.echo(f"  {line}", err=True)


def _write(file: Path, text: str) -> None:
    """Write it so that only its owner can read it: it has users' words."""
    try:
        with open(file, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as opened:
            opened.write(text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None


def _say(text: str) -> None:
    click.echo(f"  … {text}", err=True)
