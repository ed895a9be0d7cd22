"""Resources that a running application holds, counted from inside its process, and a limit for some."""

import asyncio
import gc
import resource
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import psutil
import pytest
from litestar import Litestar

from api.server.http_limits import LimitedProtocol
from graph.turns.turn import Turn
from tests.support.app import Frontdesk


def in_use(frontdesk: Frontdesk) -> Counter[str]:
    """What is held only while somebody is served: all zero for an idle application."""
    writer = frontdesk.service.event_log_writer
    return Counter(
        {
            "requests": len(frontdesk.server.server_state.tasks),
            "connections": len(frontdesk.server.server_state.connections),
            "running turns": len(frontdesk.service.registry._tasks),
            "turns that readers wait for": len(frontdesk.service.notifications._waiting),
            "streams": sum(cast(Litestar, frontdesk.server.config.app).state.streams.values()),
            "turns with unwritten events": len(writer._buffered) + len(writer._writing),
        }
    )


def broken_connections(frontdesk: Frontdesk) -> int:
    """How many connections came back unusable to the pool of the turns."""
    return frontdesk.service.user_data.turns._pool._connections.get_stats().get("returns_bad", 0)


def tasks() -> Counter[str]:
    """The tasks that are not done, by what they run; without the scripted model's, one for each connection."""
    found = Counter(getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
    del found["ModelServer._serve"]
    return found


def descriptors(**urls: str) -> Counter[str]:
    """Open files and sockets: the connections to these addresses, by name and with both ends, and all `others`."""
    names = {urlsplit(url).port: name for name, url in urls.items()}
    process, found = psutil.Process(), Counter[str]()
    connections: list[Any] = [one for one in process.net_connections("tcp") if one.raddr]
    for one in connections:
        found[names.get(one.raddr.port) or names.get(one.laddr.port) or "others"] += 1
    found["others"] += process.num_fds() - len(connections)
    return found


def instances() -> Counter[str]:
    """How many turns and HTTP connections are in memory."""
    gc.collect()
    found = Counter(type(one) for one in gc.get_objects())
    return Counter(turns=found[Turn], connections=found[LimitedProtocol])


@contextmanager
def file_limit(files: int, pid: int = 0) -> Generator[None]:
    """Set how many files a process (0: this one) may have open, for the length of the block."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        pytest.skip(f"needs {files} open files, and {hard} are allowed here")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
