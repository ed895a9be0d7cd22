"""Loaded by schemathesis before it runs: settings of hypothesis, from which it draws.

hypothesis-jsonschema 0.23 asks a collection for `more()`, which hypothesis took away in 6.170 in favour of
iteration. This brings it back; delete it once a release of hypothesis-jsonschema iterates.
"""

from typing import Any

from hypothesis.internal.conjecture import engine
from hypothesis.internal.conjecture.utils import many

_OVER = object()


def more(self: Any) -> bool:
    """Whether another element is to be drawn."""
    if not hasattr(self, "going"):
        self.going = iter(self.__enter__())
    return next(self.going, _OVER) is not _OVER


if not hasattr(many, "more"):
    many.more = more  # type: ignore[attr-defined]

engine.INVALID_THRESHOLD_BASE = 50
"""Attempts to draw a value that fits, instead of 458: most that fail at first cannot succeed, such as an integer that
is a header's value. Giving them up took 30 s of CPU, and as many values are found."""
