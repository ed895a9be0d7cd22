"""Documents are read in the background, some side by side and in turns between users, and what they say is stored."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Self
from uuid import UUID

import msgspec
from structlog.stdlib import get_logger

from graph.documents import child
from graph.documents.contents import Contents, Shape, Unreadable
from graph.supervision import Tick
from nodes.errors import EmbeddingUnavailable
from nodes.text.pii.detection import OptionalKind
from storage.errors import StorageError
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

LOOK_SECONDS = 5.0
"""Seconds between two looks for a document whose process died, or that another process was given."""
RENEW_SECONDS = 2.0
"""Seconds between two renewals of the lease on a document that is being read."""
MOST_EMBEDDED = 50
"""Pages that are found by meaning, too; those after them by their words."""

Embed = Callable[[str], Awaitable[list[float]]]


class DocumentImporter:
    """Reads documents that wait: one after the other in each `run`, of which a process has several.

    Args:
        readers: how many of them there are; the documents of one user never have all, unless there is one.
        embed: makes the vectors of pages.
        currency: of amounts for which neither the document nor its account names one.
        also_masked: kinds that are masked beside those that always are.
    """

    def __init__(
        self,
        queue: DocumentQueue,
        embed: Embed,
        *,
        currency: str,
        also_masked: Sequence[OptionalKind] = (),
        readers: int = 1,
    ) -> None:
        self._queue = queue
        self._embed = embed
        self._currency = currency
        self._also_masked = also_masked
        self._most_of_user = max(1, readers - 1)
        self._users: list[UUID] = []
        """Whose documents are being read here, each as often as that many of theirs are."""
        self._claiming = asyncio.Lock()
        self.arrived = asyncio.Event()
        """Set by whoever adds a document, so that it is read at once."""

    async def run(self, tick: Tick) -> None:
        """Read whatever waits, again and again, until cancelled."""
        while True:
            self.arrived.clear()
            while (claimed := await self._claim()) is not None:
                self.arrived.set()  # another one may wait, for a reader that has nothing to do
                try:
                    await self._import(claimed, tick)
                finally:
                    self._users.remove(claimed.user_id)
                tick()
            tick()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.arrived.wait()

    async def _claim(self) -> Claimed | None:
        """The next document to read here, counted; one by one, so that the count is right."""
        async with self._claiming:
            without = [user_id for user_id, count in Counter(self._users).items() if count >= self._most_of_user]
            claimed = await self._queue.claim(without)
            if claimed is not None:
                self._users.append(claimed.user_id)
        return claimed

    async def _import(self, claimed: Claimed, tick: Tick) -> None:
        """Read a document and store what it says, or why it cannot be read."""
        try:
            async with _Lease(self._queue, claimed, tick) as lease:
                reading = await self._reading(claimed, lease)
                await self._queue.store(claimed, reading, currency=self._currency)
        except LostDocument:
            log.info("document was taken away while it was read", document_id=str(claimed.document_id))
        except Unreadable as error:
            log.info("document cannot be read", document_id=str(claimed.document_id), code=error.code)
            await self._queue.fail(claimed, error.code, error.detail)
        else:
            rows = sum(len(statement.rows) for statement in reading.statements)
            log.info("document read", document_id=str(claimed.document_id), kind=reading.kind, rows=rows)

    async def _reading(self, claimed: Claimed, lease: "_Lease") -> Reading:
        if claimed.attempts > MAX_ATTEMPTS:
            raise Unreadable("broken", "Reading this file broke off each time it was tried.")
        waiting = await self._queue.open(claimed)
        shape = msgspec.convert(waiting.shape, Shape) if waiting.shape else None
        contents = await self._read(waiting, shape, lease)
        if shape is None and contents.understood:
            known = await self._queue.shape_of(claimed, contents.understood.fingerprint)
            if known:
                contents = await self._read(waiting, msgspec.convert(known, Shape), lease)
        return await self._described(contents)

    async def _read(self, waiting: Waiting, shape: Shape | None, lease: "_Lease") -> Contents:
        return await child.read(
            waiting.content, waiting.name, shape, progress=lease.set_progress, also_masked=self._also_masked
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


class _Lease:
    """Keeps the lease on a document renewed, with how much of it is read, for the length of the block."""

    def __init__(self, queue: DocumentQueue, claimed: Claimed, tick: Tick) -> None:
        self._queue = queue
        self._claimed = claimed
        self._tick = tick
        self._progress = 0.0

    def set_progress(self, progress: float) -> None:
        self._progress = progress

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._renew())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            self._tick()
            with suppress(StorageError):  # the next one may succeed, before the lease is over
                await self._queue.renew(self._claimed, self._progress)


def _plain(found: Any) -> Any:
    return None if found is None else msgspec.to_builtins(found)
