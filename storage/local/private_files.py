"""Files and folders that no other account of the machine can open or lock."""

import os
from pathlib import Path
from typing import IO


def make_private(folder: Path, group: int | None = None) -> None:
    """Create the folder, or correct the modes of an existing one and its files.

    Args:
        folder: 0700 afterwards, and each file in it 0600.
        group: a group whose members may pass through to their own files (0710), but list nothing.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if group is not None:
        os.chown(folder, -1, group)
    _set_mode(folder, 0o700 if group is None else 0o710)
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            _set_mode(path, 0o600)


def open_private(path: Path) -> IO[bytes]:
    """Open the file to append to it; created with mode 0600."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def write_private(path: Path, text: str) -> None:
    """Replace the file's text atomically: no reader sees half of it."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _set_mode(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
