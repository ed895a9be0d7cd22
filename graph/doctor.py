"""Checks of everything that a start needs, for `frontdesk doctor`."""

from contextlib import AsyncExitStack
from typing import NamedTuple

import httpx2

from graph.database import bare_database
from graph.models.factory import open_models
from graph.settings import Settings
from storage.errors import StorageError
from storage.migrate import extension_version, has_disk_space, pending

ISSUER_SECONDS = 3.0


class Check(NamedTuple):
    """Result of one check."""

    name: str
    ok: bool
    detail: str


async def run_checks(settings: Settings) -> list[Check]:
    """Check settings, issuer, database, disk, extension, migrations and model, as far as there are any."""
    mode = "local mode (loopback only)" if settings.local else "verified tokens"
    issuer = [await _issuer(settings.jwks_url)] if settings.jwks_url else []
    return [Check("settings", True, mode), *issuer, *await _database(settings), await _model(settings)]


async def _issuer(url: str) -> Check:
    """Whether the issuer answers at the address of its keys; the keys themselves are not checked."""
    try:
        async with httpx2.AsyncClient(timeout=ISSUER_SECONDS) as client:
            answer = await client.get(url)
    except httpx2.HTTPError as error:
        return Check("issuer", False, f"FRONTDESK_JWKS_URL does not answer ({type(error).__name__})")
    return Check("issuer", answer.is_success, f"FRONTDESK_JWKS_URL answers {answer.status_code}")


async def _database(settings: Settings) -> list[Check]:
    where = "DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    try:
        async with bare_database(settings) as url:
            missing = await pending(url)
            vector = await extension_version(url)
            room = await has_disk_space(url)
    except StorageError as error:
        return [Check("database", False, str(error))]
    return [
        Check("database", True, where),
        Check("disk", room, "has room" if room else "the database's disk is full"),
        Check("extension", vector is not None, f"vector {vector}" if vector else "pgvector is not installed"),
        Check("migrations", not missing, f"missing: {', '.join(missing)}" if missing else "up to date"),
    ]


async def _model(settings: Settings) -> Check:
    async with AsyncExitStack() as stack:
        models = await open_models(settings, stack, lambda _: None)
        reachable = await models.model.reachable()
        label = models.model.label
        return Check("model", reachable, label if reachable else f"{label} does not answer")
