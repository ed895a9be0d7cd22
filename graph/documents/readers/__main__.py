"""Child process that reads one document, started by graph/documents/child.py.

It speaks in frames over its standard input and output: four bytes of length, then MessagePack.
"""

import os
import resource
import signal
import sys
import threading
import traceback
from typing import BinaryIO

import msgspec

from graph.documents.contents import MAX_CPU_SECONDS, MAX_MEMORY_BYTES, MAX_SECONDS, Contents, Unreadable
from graph.documents.frames import Failed, Finished, Frame, PagesDone, RejectedLines, Request, Rows

PORTION = 1000
"""Rows in a frame."""


def main() -> None:
    """Read what standard input has."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no frame
    source = sys.stdin.buffer
    limit_resources()
    request = msgspec.msgpack.decode(source.read(int.from_bytes(source.read(4))), type=Request)
    data = source.read(request.size)
    if len(data) < request.size:
        sys.exit(1)
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    try:
        _say_contents(output, _read(data, request, output))
    except Unreadable as error:
        _say(output, Failed(error.code, error.detail))
    except MemoryError:
        _say(output, Failed("out_of_memory", "Reading the document takes too much memory."))
    except Exception as error:  # noqa: BLE001  whatever a library raises about a file that it cannot read
        _say(output, _failure(error))


def limit_resources() -> None:
    """Let this process have no more memory, time and files than a document needs, and stand back behind all others."""
    limits = {
        resource.RLIMIT_DATA: MAX_MEMORY_BYTES,
        resource.RLIMIT_CPU: MAX_CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The signal of the soft limit says that it was the time; at the hard one the process is just killed.
        resource.setrlimit(kind, (least, least + 5 if kind == resource.RLIMIT_CPU and least == most else least))
    signal.alarm(MAX_SECONDS + 5)
    os.nice(10)


def _end_with_parent(source: BinaryIO) -> None:
    """The parent keeps the pipe open as long as it lives and waits."""
    source.read(1)
    os._exit(1)


def _read(data: bytes, request: Request, output: BinaryIO) -> Contents:
    from graph.documents.protecting import protect
    from graph.documents.readers import read

    contents = read(data, request.name, request.shape, lambda done, pages: _say(output, PagesDone(done, pages)))
    return protect(contents, request.also_masked)


def _say_contents(output: BinaryIO, contents: Contents) -> None:
    for number, statement in enumerate(contents.statements):
        for start in range(0, len(statement.rows), PORTION):
            _say(output, Rows(number, statement.rows[start : start + PORTION]))
    for start in range(0, len(contents.rejected), PORTION):
        _say(output, RejectedLines(contents.rejected[start : start + PORTION]))
    frames = [msgspec.structs.replace(statement, rows=()) for statement in contents.statements]
    _say(output, Finished(msgspec.structs.replace(contents, statements=frames, rejected=())))


def _say(output: BinaryIO, frame: Frame) -> None:
    encoded = msgspec.msgpack.encode(frame)
    output.write(len(encoded).to_bytes(4) + encoded)
    output.flush()


def _failure(error: Exception) -> Failed:
    said = str(error).casefold()
    if "alloc" in said or "insufficient memory" in said:
        return Failed("out_of_memory", "Reading the document takes too much memory.")
    trace = "".join(traceback.format_tb(error.__traceback__)[-4:]) + type(error).__name__
    return Failed("broken", "The file is damaged.", trace)


if __name__ == "__main__":
    main()
