"""The `frontdesk demo` command: fill an account with a made-up household."""

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from api.cli.options import with_settings

if TYPE_CHECKING:
    from graph.settings import Settings


@click.command()
@click.option("--user", type=click.UUID, help="The user's id; in local mode the household has an account of its own.")
@click.option("--again", is_flag=True, help="Also where there are documents; nothing is added twice.")
@click.option("--seed", default=1, show_default=True, help="Another number is another household.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The household's last day; today's without it.")
@click.option("--port", default=8000, show_default=True, help="Where the server is or will be, for the link.")
@with_settings
def demo(settings: "Settings", user: UUID | None, again: bool, seed: int, day: datetime | None, port: int) -> None:
    """Fill an account with two years of a made-up household: statements, receipts, budgets, goals and debts."""
    from graph.demo.filling import AccountHasDocuments, fill_account
    from graph.demo.household import household
    from nodes.state import LOCAL_USER

    if user is None and not settings.local:
        raise click.UsageError("Missing option '--user'.")
    user_id = user or UUID(LOCAL_USER)
    home = household(day.date() if day else date.today(), seed)  # noqa: DTZ011 - the day of who runs it
    try:
        filled = asyncio.run(fill_account(settings, user_id, home, _say, again=again))
    except AccountHasDocuments:
        _say_where(settings, user_id, port)
        raise click.ClickException("The account has documents. With --again the household's are added.") from None
    for line in filled.failed:
        click.echo(f"not read: {line}")
    click.echo(
        f"{filled.documents} documents with {filled.transactions} transactions, {filled.unsorted} of them without a"
        " category, with budgets, goals and debts"
    )
    _say_where(settings, user_id, port)
    click.echo("“Delete account” in the settings of the page takes all of it away.")


def _say_where(settings: "Settings", user_id: UUID, port: int) -> None:
    """Print a link to the account; with verified users it is the page that they know."""
    if settings.local:
        from api.auth.local_mode import LocalSessions

        link = LocalSessions(settings.data_dir).link(user_id)
        click.echo(
            f"For a day this opens it in a browser, which leaves the account that it had:\n"
            f"http://127.0.0.1:{port}/sign-in/{link}"
        )


def _say(text: str) -> None:
    click.echo(f"  … {text}", err=True)
