"""Logging of a process: to standard error, as JSON lines for machines or as short lines for people.

Our own lines and those of libraries take the same way and are redacted (`api/logging/redact.py`). The ids of a turn,
and the method and route of a request, are bound to the task and added to each of its lines.
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
from stamina.instrumentation import RetryDetails
from structlog.contextvars import merge_contextvars
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

from api.logging.redact import LoggedError, before_quotes, redact
from graph.settings import Settings

log = get_logger(__name__)

OUR_PACKAGES = ("api", "graph", "nodes", "storage")
FIRST_KEYS = ("timestamp", "level", "event", "logger", "turn_id", "conversation_id", "user_id")
"""Keys that a line begins with, as far as it has them."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def configure_logging(settings: Settings) -> None:
    """Set up logging; every process calls this once, before it logs anything."""
    json = log_format(settings) == "json"
    shared = _shared_processors("iso" if json else "%H:%M:%S", utc=json)
    rendering: list[Processor] = [JSONRenderer(default=str)] if json else [_shorten, _console()]
    processors = [redact, _order_keys, *rendering]
    level = getattr(logging, settings.log_level.upper())
    handler = logging.StreamHandler()
    handler.setFormatter(ProcessorFormatter(processors=processors, foreign_pre_chain=shared, use_get_message=False))
    handler.addFilter(_library_filter(max(level, logging.WARNING)))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    for name in OUR_PACKAGES:
        logging.getLogger(name).setLevel(level)
    # Without a database each pool warns of each attempt to connect; the health probe reports it once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    logging.raiseExceptions = False  # it would print the whole record of a line that cannot be written
    configure_structlog(*shared)
    _log_what_would_be_printed()


def log_format(settings: Settings) -> Literal["json", "console"]:
    """The configured format; without one, console where standard error is a terminal."""
    return settings.log_format or ("console" if sys.stderr.isatty() else "json")


def configure_structlog(*processors: Processor) -> None:
    """Send structlog's lines through the standard library's logging."""
    structlog.configure(
        processors=[filter_by_level, *processors, ProcessorFormatter.wrap_for_formatter],
        logger_factory=LoggerFactory(),
        wrapper_class=BoundLogger,
    )


def report_progress(settings: Settings, text: str) -> None:
    """Report a step of a slow start: on the console as it is, in JSON without what it quotes."""
    if log_format(settings) == "json":
        log.info(before_quotes(text))
    else:
        click.echo(f"  … {text}", err=True)


def report_warning(settings: Settings, text: str) -> None:
    """Report what is probably a mistake; the text quotes nothing that may be secret."""
    if log_format(settings) == "json":
        log.warning(text)
    else:
        click.echo(f"Warning: {text}", err=True)


def _shared_processors(time: str, *, utc: bool) -> list[Processor]:
    return [merge_contextvars, add_logger_name, add_log_level, TimeStamper(fmt=time, utc=utc)]


def _library_filter(level: int) -> Callable[[logging.LogRecord], bool]:
    """A filter that drops lines of libraries below `level`, whatever levels they set (openai by OPENAI_LOG).

    Also at level debug, where openai and httpx log requests with their messages, headers and addresses.
    """
    return lambda record: record.levelno >= level or record.name.partition(".")[0] in OUR_PACKAGES


def _order_keys(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**{name: line[name] for name in FIRST_KEYS if name in line}, **line}


def _shorten(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For people: eight characters of each id, exceptions as indented lines, and no empty values."""
    errors: list[LoggedError] = line.pop("exception", [])
    shown = {
        name: value[:8] if isinstance(value, str) and _UUID.fullmatch(value) else value
        for name, value in line.items()
        if value is not None
    }
    return shown | ({"exception": "\n".join(map(_paragraph, errors))} if errors else {})


def _paragraph(error: LoggedError) -> str:
    head = f"  {error['error']}" + (f": {error['says']}" if "says" in error else "")
    return "\n".join([head, *(f"    {frame}" for frame in error["frames"])])


def _console() -> ConsoleRenderer:
    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return ConsoleRenderer(pad_event_to=0, colors=colors, exception_formatter=plain_traceback, sort_keys=False)


def _log_what_would_be_printed() -> None:
    """Log, redacted, what Python and libraries would print with all its text: uncaught exceptions and warnings."""
    sys.excepthook = _log_uncaught
    sys.unraisablehook = lambda args: log.error("exception ignored", exc_info=args.exc_value)
    threading.excepthook = lambda args: log.error("thread ended by an exception", exc_info=args.exc_value)
    warnings.showwarning = _log_warning
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.PrometheusOnRetryHook, _log_retry])


def _log_uncaught(_type: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    log.critical("process ended by an exception", exc_info=error)


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - as Python calls it
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    log.warning("library warning", kind=category.__name__, at=f"{'/'.join(Path(filename).parts[-2:])}:{lineno}")


def _log_retry(details: RetryDetails) -> None:
    log.warning("retrying", error=details.caused_by, attempt=details.retry_num, wait=round(details.wait_for, 2))
