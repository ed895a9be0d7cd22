"""The `frontdesk import` command: restore an exported account."""

import asyncio
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from api.cli.options import with_settings

if TYPE_CHECKING:
    from graph.settings import Settings


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, type=click.UUID, help="The user whose account to restore; it must be empty.")
@with_settings
def import_account(settings: "Settings", file: Path, user: UUID) -> None:
    """Restore FILE, written by GET /export, into an empty account: all of it, or nothing."""
    from graph import account_import
    from graph.account_import import BadExport
    from nodes.errors import EmbeddingUnavailable
    from storage.errors import AccountNotEmpty, Gone, InvalidImport

    try:
        count = asyncio.run(account_import.import_account(settings, user, _lines(file), _say))
    except AccountNotEmpty:
        raise click.ClickException(f"The account of {user} has something in it: erase it first.") from None
    except BadExport as error:
        raise click.ClickException(f"{file}, {error}") from None
    except InvalidImport:
        raise click.ClickException(f"{file}: something is in it twice, or is more than is ever stored.") from None
    except Gone:
        raise click.ClickException(f"{file}: a line refers to something that is not in it.") from None
    except EmbeddingUnavailable:
        raise click.ClickException("Facts cannot be found without an embedding model, and none answers.") from None
    click.echo(f"{count} lines imported")


def _lines(file: Path) -> Generator[bytes]:
    """The file's lines; one longer than an export's comes in pieces, the first of which is refused as too long."""
    from graph.account_import import MAX_LINE_BYTES, BadExport

    try:
        with file.open("rb") as opened:
            yield from iter(partial(opened.readline, MAX_LINE_BYTES + 1), b"")
    except OSError as error:
        raise BadExport(f"which cannot be read: {error.strerror}") from None


def _say(text: str) -> None:
    click.echo(f"  … {text}", err=True)
