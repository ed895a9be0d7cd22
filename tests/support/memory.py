"""A folder in memory for temporary files."""

import os
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM = 2 * 1024**3
"""Bytes that a run of all tests may need for temporary files."""


def memory() -> Path | None:
    """A folder in memory with enough room for temporary files, from which programs may be run; None: there is none."""
    with suppress(OSError):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:
            return MEMORY
    return None
