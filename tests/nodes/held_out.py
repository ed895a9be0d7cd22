"""Held-out evaluation data, and the floors for what is measured on it."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"


def read(name: str) -> dict[str, Any]:
    """A data set of tests/data."""
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))


def assert_right(wrong: Sequence[str], *, at_least: int, of: int, cases: Sequence[object]) -> None:
    """Fail, and list the wrong cases, unless enough of them are right.

    A floor is the figure measured when it was set, less two cases. It has to be measured anew when the data set grows.
    """
    assert len(cases) == of
    right = len(cases) - len(wrong)
    assert right >= at_least, "\n".join([f"{right} of {of} right, at least {at_least} expected", *wrong])
