"""Keep user text and secrets out of the log: errors are logged by type and place, not by message.

Messages quote what they are about: psycopg's the row it could not write, pydantic's the input, openai's the reply,
httpx's the URL with its query. So no message is logged, not even of our own errors, except of classes whose message is
a constant of the code. For the same reason only the beginning of a library's line is kept.
"""

import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import FrameType
from typing import Any, NotRequired

from typing_extensions import TypedDict

from nodes.errors import ModelError
from storage.errors import MigrationsPending

CONSTANT_MESSAGES = (ModelError, MigrationsPending)
"""Exceptions whose message contains nothing but text of ours."""
MAX_ERRORS = 5
"""Exceptions of a chain that are logged, the latest first."""
MAX_FRAMES = 10
"""Innermost frames of each. With `MAX_ERRORS` this keeps a line short enough for a pipe to write it in one piece."""
MAX_CHARS = 120
"""Characters of a library's line."""

# Names, values and addresses stand behind one of these, and templates have a % for them.
_BEFORE_QUOTES = re.compile(r"[^%:=\"'`“‘<>(){}\[\]\\|\n\r]*")


class LoggedError(TypedDict):
    """One exception of a chain: its type, its frames, and its message where that is a constant."""

    error: str
    says: NotRequired[str]
    frames: list[str]


def redact(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: remove messages and quoted text from a line, ours or a library's."""
    record = line.pop("_record")
    if not line.pop("_from_structlog"):
        # The template without its arguments; a message that is no string, such as an exception, becomes its type.
        line["event"] = before_quotes(record.msg) if isinstance(record.msg, str) else type_name(record.msg)
    line.pop("stack_info", None)
    error = _error(line.pop("exc_info", None))
    safe = {name: type_name(value) if isinstance(value, BaseException) else value for name, value in line.items()}
    return safe if error is None else {**safe, "exception": logged_errors(error)}


def before_quotes(text: str) -> str:
    """A text up to the first thing that it quotes."""
    match = _BEFORE_QUOTES.match(text)
    assert match is not None
    return match[0][:MAX_CHARS].strip()


def logged_errors(error: BaseException) -> list[LoggedError]:
    """An exception and those it came from, the latest first."""
    return [_logged(one) for one, _ in zip(_chain(error), range(MAX_ERRORS), strict=False)]


def type_name(thing: object) -> str:
    """The name of its class, with the class's module."""
    of = type(thing)
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"


def _error(exc_info: Any) -> BaseException | None:
    """The exception, from any of the forms that `exc_info` may have."""
    match exc_info:
        case BaseException() as error:
            return error
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exception()
        case _:
            return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        if came_from := one.__cause__ or (None if one.__suppress_context__ else one.__context__):
            waiting.append(came_from)


def _logged(error: BaseException) -> LoggedError:
    frames = [_place(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)][-MAX_FRAMES:]
    if isinstance(error, CONSTANT_MESSAGES):
        return LoggedError(error=type_name(error), says=str(error), frames=frames)
    return LoggedError(error=type_name(error), frames=frames)


def _place(frame: FrameType, line: int) -> str:
    """File, line and function; the file relative to its package's parent, without this machine's folders."""
    package = frame.f_globals.get("__package__")
    folders = package.count(".") + 1 if package else 0
    file = "/".join(Path(frame.f_code.co_filename).parts[-1 - folders :])
    return f"{file}:{line} {frame.f_code.co_qualname}"
