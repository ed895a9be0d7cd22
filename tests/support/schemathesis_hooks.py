"""Loaded by schemathesis before it runs: what its generator of JSON objects expects of hypothesis.

hypothesis-jsonschema 0.23 asks a collection for `more()`, which hypothesis took away in 6.170 in favour of
iteration. This brings it back; delete it once a release of hypothesis-jsonschema iterates.
"""

from typing import Any

from hypothesis.internal.conjecture.utils import many

_OVER = object()


def more(self: Any) -> bool:
    """Whether another element is to be drawn."""
    if not hasattr(self, "going"):
        self.going = iter(self.__enter__())
    return next(self.going, _OVER) is not _OVER


if not hasattr(many, "more"):
    many.more = more  # type: ignore[attr-defined]
