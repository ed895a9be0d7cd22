"""Read an export from a file and put it back."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from functools import partial
from uuid import UUID

from graph.databases import Say, database
from graph.opening import open_embedder
from graph.settings import Settings
from nodes.guarding.cleaning import thin
from storage.exported import Begin, End, Kept, read
from storage.pool import Pool
from storage.restore import Restore


class BadExport(Exception):
    """The file is no export, or only part of one; the message says which line, and nothing of what is in it."""


async def restore(settings: Settings, user_id: UUID, lines: Iterable[bytes], say: Say) -> int:
    """Put what the lines hold into the user's account, all or nothing; returns how many there were.

    Raises:
        BadExport: the lines are no whole export.
        NotEmpty, Gone, StorageUnavailable: as `storage.restore` has them.
        EmbeddingUnavailable: facts cannot be found by meaning without a model that embeds them.
    """
    async with (
        database(settings, say) as url,
        open_embedder(settings, say) as embedder,
        Pool.open(url, size=1) as pool,
    ):
        return await Restore(pool, partial(embedder.embed, whole=True), embedder.name).put(user_id, whole(lines))


async def whole(lines: Iterable[bytes]) -> AsyncGenerator[Kept]:
    """What stands between the first line and the last.

    Raises:
        BadExport: a line is none, or some are missing.
    """
    numbered = _read(lines)
    number, first = next(numbered, (1, None))
    if not isinstance(first, Begin):
        raise BadExport("line 1: not the beginning of an export")
    for number, one in numbered:
        if isinstance(one, End):
            if one.lines != number - 2:
                raise BadExport(f"line {number}: {one.lines} lines were written, {number - 2} are here")
            if next(numbered, None):
                raise BadExport(f"line {number + 1}: something follows the end")
            return
        if isinstance(one, Begin):
            raise BadExport(f"line {number}: another beginning")
        yield one
    raise BadExport(f"line {number}: the end is missing")


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, Begin | Kept | End]]:
    for number, text in enumerate(lines, 1):
        try:
            yield number, _thin(read(text))
        except ValueError as error:
            raise BadExport(f"line {number}: {error}") from None


def _thin(line: Begin | Kept | End) -> Begin | Kept | End:
    """Without the marks that no message may have: hashing and indexing them would cost the square of their number."""
    return line.model_copy(update={name: thin(value) for name, value in line if isinstance(value, str)})
