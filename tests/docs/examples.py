"""Examples in a document: a shell command and what it printed, between two markers.

    <!-- example: name -->
    ```console
    $ curl …
    its output
    ```
    <!-- /example -->

`recorded` runs the commands in order and returns the document with the output of this run. Whatever differs from run
to run (ids, times, durations, token counts) is replaced, JSON is laid out to be read, and long lists are cut.
"""

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

BEGIN, END, FENCE = re.compile(r"<!-- example: ([\w-]+) -->"), "<!-- /example -->", "```"
WIDTH = 110
SHOWN_ITEMS = 2

LEFT_OUT = {
    "connection", "content-length", "content-security-policy", "date", "referrer-policy", "transfer-encoding",
    "x-content-type-options",
}  # fmt: skip
"""Headers that every response has, or that differ between two servers; the document names them once."""

STEADY: list[tuple[str, str]] = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "2026-11-29T12:00:00.000000Z"),
    (r'("(?:since)": )"\d{4}-\d\d-\d\d"', r'\1"2026-11-23"'),
    (r'("active_dates": \[)"\d{4}-\d\d-\d\d"', r'\1"2026-11-29"'),
    (r'("\w*ttft_ms": ?)\d+', r"\g<1>310"),
    (r'("\w*latency_ms": ?)\d+', r"\g<1>840"),
    (r'("guard_ms": ?)[\d.]+', r"\g<1>6.2"),
    (r'("route_ms": ?)[\d.]+', r"\g<1>11.4"),
    (r'("memory_ms": ?)[\d.]+', r"\g<1>8.1"),
    (r'("model_ms": ?)[\d.]+', r"\g<1>284.3"),
    (r"(guard;dur=)[\d.]+", r"\g<1>6.2"),
    (r"(route;dur=)[\d.]+", r"\g<1>11.4"),
    (r'("(?:prompt_tokens|prompt_tokens_est|total_tokens_est|estimated|counted)": ?)\d+', r"\g<1>118"),
    (r'("prompt_version": ?"[a-z]+-)[0-9a-f]{8}', r"\g<1>3f2a9c1d"),
    (r'("confidence": ?)0\.\d+(, ?"runner_up")', r"\g<1>0.77\2"),
    (r'("next_cursor": ")[\w-]+', r"\1IjY1NWMyNzJh…"),
    (r"(x-route-confidence: )0\.\d+", r"\g<1>0.77"),
    (r'("chat";q=)\d+', r"\g<1>8"),
    (r'("chat";r=)[1-9]\d*', r"\g<1>7"),
    (r";t=[1-6]?\d\b", ";t=60"),
    (r";t=\d{3,4}\b", ";t=3600"),
    (r'(retry-after: |"retry_after": )\d+', r"\g<1>57"),
    (r"more than \d+ messages a minute. Try again in \d+ s", "more than 8 messages a minute. Try again in 57 s"),
    (r"(frontdesk_session=)[\w.-]+", r"\1eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"),
]
"""What is put in the place of what differs from run to run. All of it is in the form that it had."""

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Example(NamedTuple):
    """One command of the document."""

    name: str
    command: str


Run = Callable[[Example], Awaitable[str]]
"""Runs the command of an example and returns what it printed."""


async def recorded(document: str, run: Run) -> str:
    """The document with each example's output as it is now."""
    lines: list[str] = []
    known: dict[str, str] = {}
    name, command = "", list[str]()
    for line in document.splitlines():
        if match := BEGIN.fullmatch(line):
            name, command = match[1], []
        if not name or line.startswith(("<!--", FENCE + "console")):
            lines.append(line)
        elif line.startswith("$ ") or (command and command[-1].endswith("\\") and line):
            command.append(line)
            lines.append(line)
        elif line == FENCE:
            shell = "\n".join(command).removeprefix("$ ")
            lines += [*steady(await run(Example(name, shell)), known).splitlines(), FENCE]
        if line == END:
            name = ""
    return "\n".join(lines) + "\n"


async def shell(command: str, variables: dict[str, str], folder: str) -> str:
    """What a shell prints that runs this command there, with these variables and no others."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, stdout=PIPE, stderr=PIPE, env=variables, cwd=folder
    )
    printed, complaints = await process.communicate()
    assert printed or not process.returncode, complaints.decode()
    return printed.decode().replace("\r\n", "\n")


def steady(printed: str, known: dict[str, str]) -> str:
    """What was printed, as it is shown: the same in every run.

    Args:
        printed: by the command.
        known: the ids that were replaced so far, and by what.
    """
    head, body = printed.split("\n\n", 1) if printed.startswith("HTTP/") else ("", printed)
    first, *headers = head.split("\n")
    shown = [line for line in sorted(headers) if line.partition(":")[0] not in LEFT_OUT]
    text = "\n".join([first, *shown, ""]) + "\n" if head else ""
    text += laid_out(body)
    for pattern, replacement in STEADY:
        text = re.sub(pattern, replacement, text)
    return UUID.sub(lambda found: known.setdefault(found[0], _id(len(known) + 1)), text).strip("\n")


def _id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def laid_out(body: str) -> str:
    """JSON over several lines where it does not fit on one; anything else as it is."""
    try:
        return _json(json.loads(body), "")
    except ValueError:
        return body


def _json(value: Any, indent: str) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) <= WIDTH or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        fields = dict[str, Any](value).items()
        parts = [f"{json.dumps(name)}: {_json(part, deeper)}" for name, part in fields]
        return "{\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "}"
    items = list[Any](value)
    parts = [_json(item, deeper) for item in items[:SHOWN_ITEMS]] + ["…"] * (len(items) > SHOWN_ITEMS)
    return "[\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "]"
