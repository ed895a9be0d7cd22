"""Reads a document in a child process with limits of memory and time, one process for each document.

The child has no secret of this process in its environment, and ends with it.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence

import msgspec
from structlog.stdlib import get_logger

from graph.documents.contents import (
    MAX_BYTES,
    MAX_SECONDS,
    Contents,
    Rejected,
    Shape,
    Unreadable,
)
from graph.documents.frames import Failed, Finished, Frame, PagesDone, RejectedLines, Request, Rows
from nodes.text.pii.detection import OptionalKind
from storage.finance.statement_rows import Row

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Of what the child says at once; the texts of a document's pages are the most."""

log = get_logger(__name__)


Progress = Callable[[float], None]
"""Called with the part of the pages that is read."""


async def read(
    data: bytes,
    name: str,
    shape: Shape | None = None,
    *,
    progress: Progress | None = None,
    also_masked: Sequence[OptionalKind] = (),
) -> Contents:
    """Read a document, and make what it says safe to keep (`protect`).

    Args:
        data: the file.
        name: as its user calls it; what kind it is of is seen in its bytes.
        shape: how to read it if it is a table; else that is found.
        also_masked: kinds that are masked beside those that always are.

    Raises:
        Unreadable: with the reason.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large", "The file is larger than 20 MiB.")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "graph.documents.readers",
        stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_environment(),
    )  # fmt: skip
    errors = asyncio.create_task(_last_words(child))
    request = Request(len(data), name, shape, also_masked)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _converse(child, request, data, progress)
    except TimeoutError:
        raise Unreadable("timeout", "Reading takes too long.") from None
    except (asyncio.IncompleteReadError, ConnectionError):
        raise _died(await child.wait(), await errors) from None
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await errors


def _environment() -> dict[str, str]:
    """Where modules are, and nothing else; numerical libraries would start a thread for each core and hold memory."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8", **threads}


async def _converse(child: Process, request: Request, data: bytes, progress: Progress | None) -> Contents:
    """Give the child the file, and gather what it finds until it is finished."""
    assert child.stdin is not None and child.stdout is not None  # noqa: PT018
    asked = msgspec.msgpack.encode(request)
    child.stdin.write(len(asked).to_bytes(4) + asked)
    child.stdin.write(data)
    await child.stdin.drain()
    decoder = msgspec.msgpack.Decoder(Frame)
    rows: dict[int, list[Row]] = {}
    rejected: list[Rejected] = []
    while True:
        size = int.from_bytes(await child.stdout.readexactly(4))
        if size > MAX_FRAME_BYTES:
            raise Unreadable("too_large", "The document holds more text than can be kept.")
        frame: Frame = decoder.decode(await child.stdout.readexactly(size))
        match frame:
            case PagesDone() as far:
                if progress is not None:
                    progress(far.done / far.pages)
            case Rows() as part:
                rows.setdefault(part.statement, []).extend(part.rows)
            case RejectedLines() as part:
                rejected.extend(part.lines)
            case Failed() as failed:
                if failed.trace:
                    log.warning("a reader failed", trace=failed.trace)
                raise Unreadable(failed.code, failed.detail)
            case Finished() as finished:
                contents = finished.contents
                statements = [
                    msgspec.structs.replace(statement, rows=rows.get(number, []))
                    for number, statement in enumerate(contents.statements)
                ]
                return msgspec.structs.replace(contents, statements=statements, rejected=rejected)


async def _last_words(child: Process) -> bytes:
    """The end of what the child, or a library in it, writes to its standard error."""
    assert child.stderr is not None
    last = b""
    while part := await child.stderr.read(65_536):
        last = (last + part)[-4096:]
    return last


def _died(status: int, errors: bytes) -> Unreadable:
    """Why a child that said nothing ended; libraries that get no memory often end their process."""
    if -status in {signal.SIGXCPU, signal.SIGALRM}:
        return Unreadable("timeout", "Reading takes too long.")
    if b"alloc" in errors or b"MemoryError" in errors or -status == signal.SIGKILL:
        return Unreadable("out_of_memory", "Reading the document takes too much memory.")
    log.warning("a reader ended", status=status)
    return Unreadable("broken", "The file is damaged.")
