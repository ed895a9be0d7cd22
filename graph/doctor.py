"""Look at everything a start needs, and say what is well and what is not."""

from contextlib import AsyncExitStack
from typing import NamedTuple

import httpx2

from graph.database import bare_database
from graph.models.factory import open_models
from graph.settings import Settings
from storage.errors import StorageError
from storage.migrate import extension_version, has_room, pending

ISSUER_SECONDS = 3.0


class Finding(NamedTuple):
    """One thing looked at."""

    what: str
    well: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Settings, issuer, database, disk, extension, migrations and model, in this order, as far as there are any."""
    mode = "local mode (loopback only)" if settings.local else "verified tokens"
    issuer = [await _issuer(settings.jwks_url)] if settings.jwks_url else []
    return [Finding("settings", True, mode), *issuer, *await _database(settings), await _model(settings)]


async def _issuer(url: str) -> Finding:
    """Whether the address of the issuer's keys answers; what they are good for is the door's to say."""
    try:
        async with httpx2.AsyncClient(timeout=ISSUER_SECONDS) as client:
            answer = await client.get(url)
    except httpx2.HTTPError as error:
        return Finding("issuer", False, f"FRONTDESK_JWKS_URL does not answer ({type(error).__name__})")
    return Finding("issuer", answer.is_success, f"FRONTDESK_JWKS_URL answers {answer.status_code}")


async def _database(settings: Settings) -> list[Finding]:
    where = "DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    try:
        async with bare_database(settings) as url:
            missing = await pending(url)
            vector = await extension_version(url)
            room = await has_room(url)
    except StorageError as error:
        return [Finding("database", False, str(error))]
    return [
        Finding("database", True, where),
        Finding("disk", room, "has room" if room else "the database's disk is full"),
        Finding("extension", vector is not None, f"vector {vector}" if vector else "pgvector is not installed"),
        Finding("migrations", not missing, f"missing: {', '.join(missing)}" if missing else "up to date"),
    ]


async def _model(settings: Settings) -> Finding:
    async with AsyncExitStack() as stack:
        models = await open_models(settings, stack, lambda _: None)
        reachable = await models.model.reachable()
        return Finding(
            "model", reachable, f"{models.model.label}" if reachable else f"{models.model.label} does not answer"
        )
