"""The `frontdesk import` command: put an export back."""

import asyncio
from collections.abc import Generator
from functools import partial
from pathlib import Path
from uuid import UUID

import click

from api.cli.settings import settled
from graph.account_import import MAX_LINE_BYTES, BadExport
from graph.account_import import import_account as put_back
from graph.settings import Settings
from nodes.errors import EmbeddingUnavailable
from storage.errors import AccountNotEmpty, Gone, InvalidImport


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, type=click.UUID, help="Whose account it goes into; it must be empty.")
@settled
def restore(settings: Settings, file: Path, user: UUID) -> None:
    """Put FILE, which GET /export wrote, into an empty account: all of it, or nothing."""
    try:
        count = asyncio.run(put_back(settings, user, _lines(file), lambda text: click.echo(f"  … {text}", err=True)))
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
    """The file's lines; one that is too long for an export comes in pieces, the first of which says so."""
    try:
        with file.open("rb") as opened:
            yield from iter(partial(opened.readline, MAX_LINE_BYTES + 1), b"")
    except OSError as error:
        raise BadExport(f"which cannot be read: {error.strerror}") from None
