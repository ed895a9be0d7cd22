"""Ports for helper servers on loopback."""

import random
import socket
from contextlib import suppress
from pathlib import Path

from storage.local.shared_server import StartFailed

PORTS = range(20_000, 32_768)
"""Ports of servers, below those that a system gives to outgoing connections: one of these could otherwise occupy the
server's port while it restarts."""


def free_port() -> int:
    """A free port; one of `PORTS` where outgoing connections do not get those."""
    for port in [*random.sample(PORTS, 50), 0] if PORTS.stop <= _first_outgoing_port() else [0]:
        with suppress(OSError):
            return _bind(port)
    raise StartFailed("no port is free")


def require_free(port: int) -> None:
    """Raise unless a server can listen at the port.

    Raises:
        StartFailed: another program does.
    """
    try:
        _bind(port)
    except OSError:
        raise StartFailed(f"port {port}, at which its users expect it, is taken by another program") from None


def _bind(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # closing connections of the old server do not matter
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])


def _first_outgoing_port() -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return PORTS.stop  # other systems begin there or higher
