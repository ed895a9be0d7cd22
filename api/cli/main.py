"""The `frontdesk` command. Each subcommand imports what it needs when it runs: some of it takes seconds to load."""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import click

if TYPE_CHECKING:
    from graph.settings import Settings

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[int]):
    """A time like 90s, 15m, 1h or 7d; converts to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds; fails on anything else and says what is accepted."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if not match:
            self.fail(f"{value!r} is no duration; say for example 90s, 15m, 1h or 7d", param, ctx)
        return int(match[1]) * UNITS[match[2]]


class LazyGroup(click.Group):
    """A group that imports the commands of other modules only when they are named."""

    lazy: ClassVar = {
        "import": ("api.cli.import_account", "import_account"),
        "replay": ("api.cli.replay", "replay"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted([*super().list_commands(ctx), *self.lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, name = self.lazy[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the settings to a command and set up logging; bad settings or no database end it with one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from api.logging.setup import configure_logging
        from graph.settings import Settings, SettingsError
        from storage.errors import StorageError

        try:
            settings = Settings.read()
            configure_logging(settings)
            return command(settings, *args, **kwargs)
        except (SettingsError, StorageError) as error:
            raise click.ClickException(str(error) or str(error.__doc__)) from None

    return run


@click.group(cls=LazyGroup)
@click.version_option(package_name="frontdesk", prog_name="frontdesk", message="%(prog)s %(version)s")
def main() -> None:
    """Frontdesk: six AI employees for personal finance, behind one streaming endpoint."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@with_settings
def serve(settings: "Settings", host: str, port: int, workers: int) -> None:
    """Serve the HTTP API."""
    from api.server.serve import NotLoopback
    from api.server.serve import serve as run

    try:
        run(settings, host, port, workers)
    except NotLoopback as error:
        raise click.ClickException(str(error)) from None


@main.command()
@with_settings
def worker(settings: "Settings") -> None:
    """Run jobs without serving: take over turns of dead processes, delete expired rows."""
    from api.server.serve import run_jobs

    run_jobs(settings)


@main.command()
@with_settings
def migrate(settings: "Settings") -> None:
    """Bring the database's schema up to date."""
    from graph.database import bare_database
    from storage.migrate import migrate as run

    async def work() -> int:
        async with bare_database(settings) as url:
            return await run(url, say=click.echo)

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


@main.command()
@with_settings
def doctor(settings: "Settings") -> None:
    """Check settings, database, migrations, extension and model; exit 1 on a failure."""
    from graph.doctor import run_checks

    failed = False
    for check in asyncio.run(run_checks(settings)):
        failed = failed or not check.ok
        click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<11} {check.detail}")
    sys.exit(1 if failed else 0)
