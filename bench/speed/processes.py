"""Processes that are measured: start one, and read its CPU time and memory with those of its children."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

END_WITHIN = 20
"""Seconds that a process gets to end before it is killed."""


@dataclass
class Started:
    """A process, and the port it listens on."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def started(
    *command: str, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Started]:
    """A process for the length of the block, once it has printed its address; it writes errors to `log`."""
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=stderr, cwd=cwd, env=env
        )
    assert process.stdout is not None
    try:
        yield Started(process.pid, _port((await process.stdout.readline()).decode(), log))
    finally:
        await _end(process)


def _port(line: str, log: Path) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    if not found:
        raise RuntimeError(f"a process did not start: {line}{log.read_text()[-2000:]}")
    return int(found[1])


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(END_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of all its children, those that ended included."""
    seconds = 0.0
    for process in family(pid):
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            times = process.cpu_times()
            own = max(times.user + times.system, _scheduled_seconds(process.pid))
            seconds += own + times.children_user + times.children_system
    return seconds


def _scheduled_seconds(pid: int) -> float:
    """CPU time of a process' living threads: exact, where its own times are in steps of 10 ms."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


@dataclass
class Memory:
    """Memory in KB: resident, and resident with what is shared divided among those that share it (PSS)."""

    resident: float
    proportional: float


def memory(pid: int) -> Memory:
    """Memory of a process and of all its children."""
    full = [process.memory_full_info() for process in family(pid)]
    return Memory(sum(info.rss for info in full) / 1024, sum(info.pss for info in full) / 1024)


def family(pid: int) -> list[psutil.Process]:
    """A process and all its children."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
