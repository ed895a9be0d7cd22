"""What a type of national id is: its validator, and what people call it."""

import re
from collections.abc import Callable
from typing import NamedTuple

_SPECIMEN = re.compile(
    r"(?=[A-Z0-9]{8,14}\Z)[A-Z]{0,5}(?:1234567(?:89?|890(?:1(?:2(?:34?)?)?)?)?|(\d)\1{8,12})[A-Z]{0,2}"
    r"|[A-Z]{5}1234[A-Z]"
)
"""Numbers that people make up, such as 123456789 and S1234567A: an id where they are called so."""


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
        of_form = self.form is not None and re.fullmatch(self.form, number) is not None
        return self.valid(number) or of_form or _SPECIMEN.fullmatch(number) is not None
