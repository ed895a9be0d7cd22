"""The port that is served: bound before anything is loaded, so that a port in use is reported at once.

Connections that are made before the server accepts them wait in the sockets' queues.
"""

import errno
import os
import socket
from contextlib import closing

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


def listen(host: str, port: int, *, local: bool) -> list[socket.socket]:
    """Sockets that listen at the port, one for each address of the host.

    Args:
        host: a name or an address.
        port: 0 for any free one.
        local: local mode, which serves everyone who can connect, and so is for this machine only.

    Raises:
        PortUnusable: the port is in use, or the host is not this machine, or others can reach it in local mode.
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
                free = _free_port(host, port)
                advice = f"; try --port {free}" if free else ""
                raise PortUnusable(f"Port {port} is in use{advice}") from None
            case errno.EADDRNOTAVAIL:
                raise PortUnusable(f"--host {host}: this machine has no such address") from None
            case errno.EACCES:
                raise PortUnusable(f"Port {port} needs rights that this user does not have; try --port 8000") from None
            case _:
                raise PortUnusable(f"{host}:{port} cannot be served: {os.strerror(error.errno or 0)}") from None


def is_free(host: str, port: int) -> bool:
    """Whether a server can listen there."""
    try:
        for listening in _listen(host, port):
            listening.close()
    except OSError:
        return False
    return True


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
    for port in range(after + 1, min(after + LOOK_AHEAD, 65_536)):
        if is_free(host, port):
            return port
    try:
        with closing(_listen(host, 0)[0]) as opened:
            return int(opened.getsockname()[1])
    except OSError:
        return None
