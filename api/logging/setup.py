"""How a process keeps its log: on standard error, a JSON object a line for machines or a short line for people.

Our lines and the libraries' go the same way, and none of them carries anybody's words (`api/logging/redact.py`).
Lines of a turn carry its ids, those of a request its method and route: bound to the task, not passed around.
"""

import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

import click
import stamina
import structlog
from litestar import Request
from stamina.instrumentation import RetryDetails
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import (
    BoundLogger,
    LoggerFactory,
    ProcessorFormatter,
    add_log_level,
    add_logger_name,
    filter_by_level,
    get_logger,
)
from structlog.typing import Processor

from api.logging.redact import Broken, opening, wordless
from graph.settings import Settings

log = get_logger(__name__)

OURS = ("api", "graph", "nodes", "storage")
FIRST = ("timestamp", "level", "event", "logger", "turn_id", "conversation_id", "user_id")
"""What a line begins with, as far as it has it."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def keep_log(settings: Settings) -> None:
    """Set up the log of this process. Every process of ours calls this once, before anything is logged."""
    machines = kept_for(settings) == "json"
    marks = _marks("iso" if machines else "%H:%M:%S", utc=machines)
    rendering: list[Processor] = [JSONRenderer(default=str)] if machines else [_short, _console()]
    processors = [wordless, _ordered, *rendering]
    level = getattr(logging, settings.log_level.upper())
    handler = logging.StreamHandler()
    handler.setFormatter(ProcessorFormatter(processors=processors, foreign_pre_chain=marks, use_get_message=False))
    handler.addFilter(_meant(max(level, logging.WARNING)))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.raiseExceptions = False  # of a line that cannot be written it would print all that went into it
    through_stdlib(*marks)
    _leave_no_other_way()


def kept_for(settings: Settings) -> Literal["json", "console"]:
    """The format: the one that is set, else the console's where somebody looks on."""
    return settings.log_format or ("console" if sys.stderr.isatty() else "json")


def through_stdlib(*marks: Processor) -> None:
    """Have structlog's lines go where the standard library's go."""
    structlog.configure(
        processors=[filter_by_level, *marks, ProcessorFormatter.wrap_for_formatter],
        logger_factory=LoggerFactory(),
        wrapper_class=BoundLogger,
    )


def say(settings: Settings, text: str) -> None:
    """Tell whoever waits for the start what is going on: a person in words, a machine in its format."""
    if kept_for(settings) == "json":
        log.info(opening(text))
    else:
        click.echo(f"  … {text}", err=True)


async def name_request(request: Request[Any, Any, Any]) -> None:
    """Hook before a request is handled: its lines say which it is. Its route and not its path, which names things."""
    bind_contextvars(method=request.method, route=request.scope["path_template"])


def _marks(time: str, *, utc: bool) -> list[Processor]:
    return [merge_contextvars, add_logger_name, add_log_level, TimeStamper(fmt=time, utc=utc)]


def _meant(level: int) -> Callable[[logging.LogRecord], bool]:
    """A filter: of libraries only what is wrong, whatever levels they give themselves (openai by OPENAI_LOG).

    At level debug, too: there openai and httpx tell requests with their messages, headers and addresses.
    """
    return lambda record: record.levelno >= level or record.name.partition(".")[0] in OURS


def _ordered(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**{name: line[name] for name in FIRST if name in line}, **line}


def _short(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For people: of an id as much as tells it from others, an exception in lines, and nothing that is not there."""
    broken: list[Broken] = line.pop("exception", [])
    shown = {
        name: value[:8] if isinstance(value, str) and _UUID.fullmatch(value) else value
        for name, value in line.items()
        if value is not None
    }
    return shown | ({"exception": "\n".join(map(_paragraph, broken))} if broken else {})


def _paragraph(broken: Broken) -> str:
    head = f"  {broken['error']}" + (f": {broken['says']}" if "says" in broken else "")
    return "\n".join([head, *(f"    {frame}" for frame in broken["frames"])])


def _console() -> ConsoleRenderer:
    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return ConsoleRenderer(pad_event_to=0, colors=colors, exception_formatter=plain_traceback, sort_keys=False)


def _leave_no_other_way() -> None:
    """What Python and libraries would print by themselves, words and all, becomes a line like the others."""
    sys.excepthook = _ended
    sys.unraisablehook = lambda left: log.error("an exception was left over", exc_info=left.exc_value)
    threading.excepthook = lambda ended: log.error("a thread ended by an exception", exc_info=ended.exc_value)
    warnings.showwarning = _warned
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.PrometheusOnRetryHook, _tried_again])


def _ended(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    log.critical("ended by an exception", exc_info=error)


def _warned(
    message: Warning | str,  # noqa: ARG001 - as Python calls it
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    log.warning("a library warns", kind=category.__name__, at=f"{'/'.join(Path(filename).parts[-2:])}:{lineno}")


def _tried_again(details: RetryDetails) -> None:
    log.warning("tried again", error=details.caused_by, attempt=details.retry_num, wait=round(details.wait_for, 2))
