"""Documents are read in the background: each process takes the one that has waited longest, and stores what it says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Self

import msgspec
from structlog.stdlib import get_logger

from graph.documents import child
from graph.documents.contents import Contents, Shape, Unreadable
from graph.supervision import Tick
from nodes.errors import EmbeddingUnavailable
from nodes.text.pii.detection import OptionalKind
from storage.finance.document_queue import (
    MAX_ATTEMPTS,
    Claimed,
    DocumentQueue,
    LostDocument,
    Reading,
    ReadPage,
    Waiting,
)

log = get_logger(__name__)

LOOK_SECONDS = 30.0
"""Seconds between two looks for a document whose process died, or that another process was given."""
MOST_EMBEDDED = 50
"""Pages that are found by meaning, too; those after them by their words."""

Embed = Callable[[str], Awaitable[list[float]]]


class DocumentImporter:
    """Reads documents that wait, one after the other.

    Args:
        embed: makes the vectors of pages.
        currency: of amounts for which neither the document nor its account names one.
        also_masked: kinds that are masked beside those that always are.
    """

    def __init__(
        self, queue: DocumentQueue, embed: Embed, *, currency: str, also_masked: Sequence[OptionalKind] = ()
    ) -> None:
        self._queue = queue
        self._embed = embed
        self._currency = currency
        self._also_masked = also_masked
        self.arrived = asyncio.Event()
        """Set by whoever adds a document, so that it is read at once."""

    async def run(self, tick: Tick) -> None:
        """Read whatever waits, again and again, until cancelled."""
        while True:
            self.arrived.clear()
            while (claimed := await self._queue.claim()) is not None:
                await self._import(claimed, tick)
                tick()
            tick()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.arrived.wait()

    async def _import(self, claimed: Claimed, tick: Tick) -> None:
        """Read a document and store what it says, or why it cannot be read."""
        try:
            reading = await self._reading(claimed, tick)
            await self._queue.store(claimed, reading, currency=self._currency)
        except LostDocument:
            log.info("document was taken away while it was read", document_id=str(claimed.document_id))
        except Unreadable as error:
            log.info("document cannot be read", document_id=str(claimed.document_id), code=error.code)
            await self._queue.fail(claimed, error.code, error.detail)
        else:
            rows = sum(len(statement.rows) for statement in reading.statements)
            log.info("document read", document_id=str(claimed.document_id), kind=reading.kind, rows=rows)

    async def _reading(self, claimed: Claimed, tick: Tick) -> Reading:
        if claimed.attempts > MAX_ATTEMPTS:
            raise Unreadable("broken", "Reading this file broke off each time it was tried.")
        waiting = await self._queue.open(claimed)
        shape = msgspec.convert(waiting.shape, Shape) if waiting.shape else None
        async with _Progress(self._queue, claimed, tick) as progress:
            contents = await self._read(waiting, shape, progress)
            if shape is None and contents.understood:
                known = await self._queue.shape_of(claimed, contents.understood.fingerprint)
                if known:
                    shape = msgspec.convert(known, Shape)
                    contents = await self._read(waiting, shape, progress)
        return await self._described(contents)

    async def _read(self, waiting: Waiting, shape: Shape | None, progress: "_Progress") -> Contents:
        return await child.read(
            waiting.content, waiting.name, shape, progress=progress.set, also_masked=self._also_masked
        )

    async def _described(self, contents: Contents) -> Reading:
        pages = [
            ReadPage(page.number, page.text, page.suspicious, await self._vector(page.number, page.text))
            for page in contents.pages
        ]
        understood = contents.understood
        return Reading(
            kind=contents.kind,
            format=f"{contents.format}:{understood.fingerprint}" if understood else contents.format,
            statements=contents.statements,
            pages=pages,
            receipt=_plain(contents.receipt),
            understood=_plain(understood),
            fingerprint=understood.fingerprint if understood else None,
            rejected=[_plain(one) for one in contents.rejected],
        )

    async def _vector(self, number: int, text: str) -> list[float] | None:
        if number > MOST_EMBEDDED or not text:
            return None
        try:
            return await self._embed(text)
        except EmbeddingUnavailable:
            return None  # it is found by its words


class _Progress:
    """Stores how much of a document is read, about once a second, for the length of the block."""

    def __init__(self, queue: DocumentQueue, claimed: Claimed, tick: Tick) -> None:
        self._queue = queue
        self._claimed = claimed
        self._tick = tick
        self._now = 0.0
        self._stored = 0.0

    def set(self, progress: float) -> None:
        self._now = progress

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._store())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _store(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._tick()
            if self._now != self._stored:
                self._stored = self._now
                await self._queue.report_progress(self._claimed, self._now)


def _plain(found: Any) -> Any:
    return None if found is None else msgspec.to_builtins(found)
