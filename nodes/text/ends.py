"""The beginning and the end of a long message, which are all that classifiers and the embedding model read of it."""

END_CHARS = 400
"""Of a message at either end that are read."""


def head_and_tail(text: str) -> str:
    """The first and the last `END_CHARS` of a text; a text that is no longer than both stays as it is."""
    return text if len(text) <= 2 * END_CHARS else f"{text[:END_CHARS]} {text[-END_CHARS:]}"
