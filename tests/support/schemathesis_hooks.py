"""Loaded by schemathesis before it runs: what its generators expect of hypothesis, and what they need not search for.

hypothesis-jsonschema 0.23 asks a collection for `more()`, which hypothesis took away in 6.170 in favour of
iteration. This brings it back; delete it once a release of hypothesis-jsonschema iterates.

The rest is about values that do not exist: schemathesis 4.15 looks 459 times for each, which took four fifths of its
time.
"""

from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture.utils import many
from schemathesis.generation.coverage import CoverageContext

from api.parameters import CONVERSATION_ID

ID_OF_ANY_LENGTH = "^[A-Za-z0-9_.:-]+$"
"""The same as `CONVERSATION_ID` but for `.` and `..`: the longest text of this one can be built, not only guessed."""
_OVER = object()


def more(self: Any) -> bool:
    """Whether another element is to be drawn."""
    if not hasattr(self, "going"):
        self.going = iter(self.__enter__())
    return next(self.going, _OVER) is not _OVER


if not hasattr(many, "more"):
    many.more = more  # type: ignore[attr-defined]


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Describe ids by a simpler pattern, and the token as a header that is any text.

    Of an HTTP scheme it makes a header with a format, and looks in each operation for an integer that is no text.
    """
    raw_schema["components"]["securitySchemes"]["bearer"] = {"type": "apiKey", "in": "header", "name": "Authorization"}
    ids = [schema for schema in _objects(raw_schema) if schema.get("pattern") == CONVERSATION_ID]
    assert ids
    for schema in ids:
        schema["pattern"] = ID_OF_ANY_LENGTH


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _objects(inner)


_generate_from = CoverageContext.generate_from


def generate_from(self: CoverageContext, strategy: Any) -> Any:
    """Draw a value, but no object for a path: it accepts none there, and says so by the same exception."""
    if self.location == "path" and repr(strategy).startswith("dictionaries("):
        raise Unsatisfiable
    return _generate_from(self, strategy)


CoverageContext.generate_from = generate_from  # type: ignore[method-assign]
