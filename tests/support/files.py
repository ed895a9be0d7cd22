"""How many files a process may have open."""

import resource
from collections.abc import Generator
from contextlib import contextmanager

import pytest


@contextmanager
def may_open(files: int, pid: int = 0) -> Generator[None]:
    """For the length of the block a process (0: this one) may have so many files open, no more and no less."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        pytest.skip(f"needs {files} open files, and {hard} are allowed here")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
