"""The `frontdesk` command.

Each subcommand imports what it needs when it runs: that takes seconds, and `--help` imports all subcommands.
"""

import asyncio
import gc
import time
from typing import TYPE_CHECKING
from uuid import UUID

import click

from api.cli.demo import demo
from api.cli.doctor import doctor
from api.cli.feedback import feedback
from api.cli.import_account import import_account
from api.cli.keys import keys
from api.cli.options import Duration, warn_of_unknown_settings, with_address, with_settings
from api.cli.replay import replay

if TYPE_CHECKING:
    from graph.settings import Settings


@click.group()
@click.version_option(package_name="frontdesk", prog_name="frontdesk", message="%(prog)s %(version)s")
def main() -> None:
    """Frontdesk: six AI employees for personal finance, behind one streaming endpoint."""
    gc.set_threshold(50_000)  # what is imported stays, and looking through it takes a seventh of a start


main.add_command(demo)
main.add_command(doctor)
main.add_command(feedback)
main.add_command(import_account)
main.add_command(keys)
main.add_command(replay)


@main.command()
@with_address
@with_settings
def serve(settings: "Settings", host: str, port: int, workers: int) -> None:
    """Serve the HTTP API."""
    from api.server.port import PortUnusable, listen

    warn_of_unknown_settings(settings)
    try:
        listening = listen(host, port, local=settings.local)
    except PortUnusable as error:
        raise click.ClickException(str(error)) from None
    from api.server.serve import serve as run  # once the port is bound, because this takes seconds

    run(settings, listening, host, workers)


@main.command()
@with_settings
def worker(settings: "Settings") -> None:
    """Run jobs without serving: take over turns of dead processes, delete expired rows."""
    from api.server.serve import run_jobs

    warn_of_unknown_settings(settings)
    run_jobs(settings)


@main.command()
@with_settings
def migrate(settings: "Settings") -> None:
    """Bring the database's schema up to date."""
    from graph.database import bare_database, direct_database
    from storage.migrate import migrate as run

    async def work() -> int:
        async with bare_database(settings) as url:
            return await run(await direct_database(settings, url), say=click.echo)

    count = asyncio.run(work())
    click.echo(f"{count} applied" if count else "up to date")


@main.command()
@click.option("--user", required=True, type=click.UUID, help="The user's id.")
@click.option("--admin", is_flag=True, help="With an administrator's rights.")
@click.option("--ttl", default="1h", show_default=True, type=Duration(), help="How long it is valid: 90s, 15m, 1h, 7d.")
@with_settings
def token(settings: "Settings", user: UUID, admin: bool, ttl: int) -> None:
    """Print a bearer token signed with FRONTDESK_JWT_SECRET."""
    from api.auth.tokens import issue_token

    if settings.jwt_secret is None:
        raise click.ClickException("FRONTDESK_JWT_SECRET is not set: there is nothing to sign with.")
    click.echo(issue_token(settings, user, admin=admin, seconds=ttl, now=int(time.time())))
