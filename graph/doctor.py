"""Checks of what a start needs from database, model and collector, for `frontdesk doctor`."""

from contextlib import AsyncExitStack
from typing import Literal, NamedTuple

import httpx2

from graph.database import bare_database
from graph.models.chat import NoModel
from graph.models.factory import open_models
from graph.models.provider import without_secrets
from graph.settings import Settings
from nodes.answer.attempts import Model
from storage.errors import StorageError
from storage.migrate import (
    ConnectionLimit,
    connection_limit,
    extension_version,
    has_disk_space,
    pending,
    pending_text,
)

COLLECTOR_SECONDS = 3.0
OTHER_CONNECTIONS = 4
"""To Postgres that a process holds open beside those that are settings; docs/architecture.md says for what."""


class Check(NamedTuple):
    """Result of one check."""

    name: str
    state: Literal["ok", "warn", "FAIL"]
    detail: str


async def run_checks(settings: Settings, workers: int) -> list[Check]:
    """Check database, disk, connections for so many workers, extension, migrations, models and collector."""
    collector = [await _collector(settings, settings.traces_url)] if settings.traces_url else []
    return [*await _database(settings, workers), *await _models(settings), *collector]


def _check(name: str, ok: bool, detail: str) -> Check:
    return Check(name, "ok" if ok else "FAIL", detail)


async def _database(settings: Settings, workers: int) -> list[Check]:
    where = "DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    try:
        async with bare_database(settings) as url:
            missing = await pending(url)
            vector = await extension_version(url)
            room = await has_disk_space(url)
            limit = await connection_limit(url)
    except StorageError as error:
        return [Check("database", "FAIL", str(error))]
    return [
        Check("database", "ok", where),
        _check("disk", room, "has room" if room else "the database's disk is full"),
        _connections(settings, limit, workers),
        _check("extension", vector is not None, f"vector {vector}" if vector else "pgvector is not installed"),
        _migrations(settings, missing),
    ]


def _migrations(settings: Settings, missing: list[str]) -> Check:
    if missing and settings.database_url is None:
        return Check("migrations", "ok", f"{len(missing)} pending: the next start applies them")
    return _check("migrations", not missing, pending_text(missing) if missing else "up to date")


def connections(settings: Settings) -> int:
    """How many connections to Postgres a process holds open at most."""
    return settings.turn_connections + settings.record_connections + OTHER_CONNECTIONS


def _connections(settings: Settings, limit: ConnectionLimit, workers: int) -> Check:
    """Whether the server has room for all connections that the workers may open."""
    each = connections(settings)
    needed = each * workers
    per_worker = f" ({each} for each of {workers} workers)" if workers > 1 else ""
    ours = f", {limit.ours} of them by Frontdesk" if limit.ours else ""
    detail = f"up to {needed} are needed{per_worker}; of the server's {limit.allowed}, {limit.used} are in use{ours}"
    return _check("connections", needed + limit.used - limit.ours <= limit.allowed, detail)


async def _models(settings: Settings) -> list[Check]:
    """Whether the models answer: each is asked for a few tokens."""
    async with AsyncExitStack() as stack:
        models = await open_models(settings, stack, lambda _: None)
        second = [await _model("second", models.second)] if models.second else []
        return [await _model("model", models.model), *second]


async def _model(name: str, model: Model) -> Check:
    problem = await model.ask()
    if problem and isinstance(model, NoModel):
        return Check(name, "warn", f"{problem.detail}; answers are prepared")
    return _check(name, problem is None, problem.detail if problem else f"{model.label} answers")


async def _collector(settings: Settings, url: str) -> Check:
    """Whether the collector takes traces: it is sent a request without any."""
    headers = {**settings.traces_headers, "Content-Type": "application/x-protobuf"}
    where = without_secrets(url)
    try:
        async with httpx2.AsyncClient(timeout=COLLECTOR_SECONDS) as client:
            answer = await client.post(url, content=b"", headers=headers)
    except httpx2.HTTPError:
        return Check("collector", "FAIL", f"{where} does not answer")
    if answer.status_code in (401, 403):
        return Check("collector", "FAIL", f"{answer.status_code} from {where}: OTEL_EXPORTER_OTLP_HEADERS is refused")
    return _check("collector", answer.is_success, f"{answer.status_code} from {where}")
