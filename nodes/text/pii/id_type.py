"""What a type of national id is: its validator, and what people call it."""

import re
from collections.abc import Callable
from typing import NamedTuple


class IdType(NamedTuple):
    """One country's id: its validator, which takes capitals without spaces and dots, and the labels people give it.

    A label with a space at an end is a whole word there; see `context.normalized_words`.
    """

    valid: Callable[[str], bool]
    labels: tuple[str, ...]
    form: str | None = None
    """What is taken for one behind a label, valid or not: where nothing is checked, and for published specimens."""

    def is_named(self, number: str) -> bool:
        """Whether letters and digits behind one of its labels are such an id."""
        return self.valid(number) or (self.form is not None and re.fullmatch(self.form, number) is not None)
