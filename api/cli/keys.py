"""The `frontdesk keys` commands: API keys of a user."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click

from api.cli.options import Duration, with_settings

if TYPE_CHECKING:
    from graph.settings import Settings
    from storage.api_keys import ApiKeys

Result = TypeVar("Result")

USER = click.option("--user", type=click.UUID, help="The user's id; in local mode the user of Studio without it.")


@click.group()
def keys() -> None:
    """API keys, which programs show instead of a person's token."""


@keys.command()
@USER
@click.option("--name", required=True, help="What the user knows it by.")
@click.option("--scope", "scopes", multiple=True, default=["chat"], type=click.Choice(["chat", "read"]))
@click.option("--ttl", type=Duration(), help="How long it is valid: 12h, 90d. Without it: until it is revoked.")
@with_settings
def create(settings: "Settings", user: UUID | None, name: str, scopes: tuple[str, ...], ttl: int | None) -> None:
    """Make a key and print it. Nobody can print it again."""
    from api.auth.api_keys import new_key
    from storage.api_keys import TooManyKeys

    if not 1 <= len(name) <= 100:
        raise click.BadParameter("takes 1 to 100 characters", param_hint="--name")
    made, user_id = new_key(), _user(settings, user)

    async def work(keys: "ApiKeys") -> None:
        await keys.create(user_id, made.key_hash, hint=made.hint, name=name, scopes=set(scopes), seconds=ttl)  # type: ignore[arg-type]

    try:
        _with_keys(settings, work)
    except TooManyKeys:
        raise click.ClickException("The user has as many keys as they may; revoke one first.") from None
    click.echo(made.key)


@keys.command("list")
@USER
@with_settings
def list_keys(settings: "Settings", user: UUID | None) -> None:
    """Print the user's keys: id, beginning, scopes, expiry, last use and name."""
    user_id = _user(settings, user)
    for key in _with_keys(settings, lambda keys: keys.list(user_id)):
        expires = key["expires_at"].date().isoformat() if key["expires_at"] else "never expires"
        used = key["last_used_at"].isoformat(" ", "minutes") if key["last_used_at"] else "never used"
        click.echo(f"{key['key_id']}  {key['hint']}…  {','.join(key['scopes'])}  {expires}  {used}  {key['name']}")


@keys.command()
@click.argument("key_id", type=click.UUID)
@USER
@with_settings
def revoke(settings: "Settings", key_id: UUID, user: UUID | None) -> None:
    """Revoke a key; running servers stop taking it within five seconds."""
    user_id = _user(settings, user)
    if not _with_keys(settings, lambda keys: keys.revoke(user_id, key_id)):
        raise click.ClickException("The user has no such key.")
    click.echo("revoked")


def _user(settings: "Settings", user: UUID | None) -> UUID:
    from nodes.state import LOCAL_USER

    if user is None and not settings.local:
        raise click.UsageError("Missing option '--user'.")
    return user or UUID(LOCAL_USER)


def _with_keys(settings: "Settings", work: "Callable[[ApiKeys], Awaitable[Result]]") -> Result:
    from graph.database import database
    from storage.api_keys import ApiKeys
    from storage.pool import Pool

    async def run() -> Result:
        async with database(settings, lambda text: click.echo(f"  … {text}", err=True)) as url, Pool.open(url) as pool:
            return await work(ApiKeys(pool))

    return asyncio.run(run())
