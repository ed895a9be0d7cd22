"""A real nginx in front of the application, with the lines README has for it."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

README = Path(__file__).parents[2] / "README.md"
ADVISED = "http://127.0.0.1:8000"
"""Where README has the application."""
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
UNASKED = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""What nginx makes folders for, whether it needs them or not."""


@dataclass(frozen=True)
class Nginx:
    """One that runs."""

    http1: str
    """Its address for HTTP/1.1."""
    http2: str
    """Its address for HTTP/2 in the clear, which this nginx may not speak on the same port."""


@asynccontextmanager
async def proxying(folder: Path, *upstreams: str) -> AsyncGenerator[Nginx]:
    """Run nginx before these addresses for the length of the block; all that it writes goes into the folder."""
    assert NGINX is not None, "nginx is not installed"
    # It takes sockets over as from an nginx before it: no port is taken in between, and who comes early waits.
    with create_server(("127.0.0.1", 0)) as one, create_server(("127.0.0.1", 0)) as two:
        http1, http2 = (f"127.0.0.1:{listening.getsockname()[1]}" for listening in (one, two))
        config = folder / "nginx.conf"
        config.write_text(_config(http1, http2, upstreams))
        sockets = (one.fileno(), two.fileno())
        process = await asyncio.create_subprocess_exec(
            NGINX, "-p", folder, "-c", config,
            env={"NGINX": "".join(f"{number};" for number in sockets)}, pass_fds=sockets,
        )  # fmt: skip
    try:
        yield Nginx(f"http://{http1}", f"http://{http2}")
        assert process.returncode is None, "nginx has ended"
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        sys.stderr.write((folder / "error.log").read_text())  # shown where a test fails


def _config(http1: str, http2: str, upstreams: tuple[str, ...]) -> str:
    servers = " ".join(f"server {url.removeprefix('http://')};" for url in upstreams)
    folders = " ".join(f"{name}_temp_path {name};" for name in UNASKED)
    # Started by root it would work as somebody else, who may not look into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
        {user}
        daemon off;
        worker_processes 1;
        pid nginx.pid;
        error_log error.log warn;
        events {{ }}
        http {{
            access_log off;
            {folders}
            gzip on;
            gzip_proxied any;
            gzip_min_length 0;
            gzip_types text/event-stream application/json application/problem+json;
            upstream frontdesk {{ {servers} }}
            server {{
                listen {http1};
                listen {http2} http2;
                {_advised()}
            }}
        }}
    """


def _advised() -> str:
    """README's lines, and the application where it is."""
    found = re.search(r"^```nginx\n(.+?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, "README has lines for nginx"
    assert ADVISED in found[1]
    return found[1].replace(ADVISED, "http://frontdesk")
