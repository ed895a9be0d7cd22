"""Nobody's words and no secret gets into the log: what broke is told by its kind and its place.

Messages repeat what they are about: psycopg's the row it could not write, pydantic's the input, openai's the reply,
httpx's the address with its query. None of them is logged, ours neither, except where all that a class ever says is
written in its code. For the same reason of a library's line only the beginning is kept.
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

SAID = (ModelError, MigrationsPending)
"""Exceptions whose message is a text of ours with nothing of anybody's in it."""
CHAIN = 5
"""Exceptions of a chain that are told, the latest first."""
INNERMOST = 10
"""Frames of each. With `CHAIN` this keeps lines to what a pipe takes in one piece, also from several processes."""
LONGEST = 120
"""Characters of a library's line."""

# Names, values and addresses stand behind one of these, and templates have a % for them.
_OPENING = re.compile(r"[^%:=\"'`“‘<>(){}\[\]\\|\n\r]*")


class Broken(TypedDict):
    """One exception: its kind, where it came from, and what it says where that is known to be nobody's words."""

    error: str
    says: NotRequired[str]
    frames: list[str]


def wordless(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take the words out of a line, whoever logs it."""
    record = line.pop("_record")
    if not line.pop("_from_structlog"):
        # The template and not what was put into it; what is no text, such as an exception, would become one.
        line["event"] = opening(record.msg) if isinstance(record.msg, str) else kind(record.msg)
    line.pop("stack_info", None)
    error = _error(line.pop("exc_info", None))
    told = {name: kind(value) if isinstance(value, BaseException) else value for name, value in line.items()}
    return told if error is None else {**told, "exception": story(error)}


def opening(text: str) -> str:
    """A text up to the first thing that it quotes."""
    match = _OPENING.match(text)
    assert match is not None
    return match[0][:LONGEST].strip()


def story(error: BaseException) -> list[Broken]:
    """An exception and what it came from, the latest first."""
    return [_broken(one) for one, _ in zip(_chain(error), range(CHAIN), strict=False)]


def kind(thing: object) -> str:
    """The name of its class, with the module it is from."""
    of = type(thing)
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"


def _error(exc_info: Any) -> BaseException | None:
    """The exception in any of the forms in which one is logged."""
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


def _broken(error: BaseException) -> Broken:
    frames = [_place(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)][-INNERMOST:]
    if isinstance(error, SAID):
        return Broken(error=kind(error), says=str(error), frames=frames)
    return Broken(error=kind(error), frames=frames)


def _place(frame: FrameType, line: int) -> str:
    """File, line and function; the file as its package names it, for where that lies is this machine's affair."""
    package = frame.f_globals.get("__package__")
    folders = package.count(".") + 1 if package else 0
    file = "/".join(Path(frame.f_code.co_filename).parts[-1 - folders :])
    return f"{file}:{line} {frame.f_code.co_qualname}"
