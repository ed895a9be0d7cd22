"""The port that is served: bound before anything is loaded, so that a port in use is reported at once.

Connections that are made before the server accepts them wait in the sockets' queues.
"""

import errno
import os
import socket
from contextlib import suppress

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Names of this machine."""
BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel may have a lower limit."""
MISSING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Errors of an address that this machine does not have."""
LOOK_AHEAD = 100
"""Ports that are tried to find a free one."""


class PortUnusable(Exception):
    """The host and port cannot be served; the message says why and what to try."""


class PortInUse(PortUnusable):
    """Another program listens at the port; `advice` names a free one, where there is any."""

    def __init__(self, port: int, free: int | None) -> None:
        self.advice = f"; try --port {free}" if free else ""
        super().__init__(f"Port {port} is in use{self.advice}")


def listen(host: str, port: int, *, local: bool) -> list[socket.socket]:
    """Sockets that listen at the port, one for each address of the host.

    Args:
        host: a name or an address.
        port: 0 for any free one.
        local: local mode, which serves everyone who can connect, and so is for this machine only.

    Raises:
        PortInUse: another program listens there.
        PortUnusable: the host is not this machine, or others can reach it in local mode.
    """
    if local and host not in LOOPBACK:
        needed = "FRONTDESK_JWT_SECRET or FRONTDESK_JWKS_URL"
        raise PortUnusable(f"--host {host}: without {needed} only this machine may connect; set one first.")
    try:
        return _listen(host, port)
    except socket.gaierror:
        raise PortUnusable(f"--host {host}: there is no such host") from None
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                raise PortInUse(port, _free_port(host, port)) from None
            case errno.EADDRNOTAVAIL:
                raise PortUnusable(f"--host {host}: this machine has no such address") from None
            case errno.EACCES:
                raise PortUnusable(f"Port {port} needs rights that this user does not have; try --port 8000") from None
            case _:
                raise PortUnusable(f"{host}:{port} cannot be served: {os.strerror(error.errno or 0)}") from None


def _listen(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    listening: list[socket.socket] = []
    for family, address in addresses:
        # Of several addresses all get the port that the first one was given.
        chosen = listening[0].getsockname()[1] if listening else port
        try:
            listening.append(_bound(family, (address[0], chosen, *address[2:])))
        except OSError as error:
            if error.errno in MISSING and len(addresses) > 1:
                continue  # localhost where there is no IPv6
            for opened in listening:
                opened.close()
            raise
    if not listening:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return listening


def _bound(family: int, address: tuple[str | int, ...]) -> socket.socket:
    opened = socket.socket(family)
    try:
        # Closing connections of an old server do not matter.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened


def _free_port(host: str, after: int) -> int | None:
    """The next free port, or else any."""
    for port in [*range(after + 1, min(after + LOOK_AHEAD, 65_536)), 0]:
        with suppress(OSError):
            opened = _listen(host, port)
            free = int(opened[0].getsockname()[1])
            for listening in opened:
                listening.close()
            return free
    return None
