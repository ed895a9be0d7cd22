"""Clean and mask JSON that a client has kept for it, in which every text is a user's."""

from collections.abc import Collection
from typing import Any

from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask


def clean_json(value: Any, also: Collection[OptionalKind] = ()) -> Any:
    """The value with its texts, and the names of its fields, cleaned and masked as messages are.

    Args:
        value: what JSON decodes to.
        also: kinds that are masked beside those that always are.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, dict):
        return {clean_json(name, also): clean_json(one, also) for name, one in dict[str, Any](value).items()}
    if isinstance(value, list):
        return [clean_json(one, also) for one in list[Any](value)]
    return mask(clean(value).text, also).text if isinstance(value, str) else value
