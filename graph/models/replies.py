"""Read what a model's server sends: text is mended, numbers are checked, and what is no reply is refused.

Servers that speak the OpenAI protocol differ in what they leave out, and some of them, or a proxy before them, send
what nobody asked for. All of it enters here, so nothing behind this has to look again.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from langchain_core.messages.ai import UsageMetadata

from nodes.errors import ModelRejected, ModelUnavailable
from nodes.extract_facts import FactsFound

MOST_TOKENS = 2**31 - 1
"""What a column of type integer holds; no usage is as high."""

LONGEST_NAME = 200
"""Characters of a model's name or a finish reason that are kept."""

BOM = "\ufeff"
REPLACEMENT = "\ufffd"

# Postgres takes no NUL. The other controls (but for tab and the ends of lines) show nothing, and a terminal obeys
# some of them; the guard takes them out of messages, too. Other invisible characters stay: to judge them takes the
# whole text, and no rule of ours reads an answer.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Mender:
    """Mends one text that comes in pieces: no half characters, no control characters, no byte order mark before it."""

    def __init__(self) -> None:
        self._begun = False
        self._half = ""

    def feed(self, text: str) -> str:
        """The next piece, mended; the first half of a surrogate pair at its end waits for the second."""
        if not self._begun and text:
            self._begun = True
            text = text.removeprefix(BOM)
        if not self._half and not _ODD.search(text):
            return text
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return _CONTROLS.sub("", whole)

    def flush(self) -> str:
        """What stands for a half whose other half never came."""
        half, self._half = self._half, ""
        return REPLACEMENT if half else ""


def mended(text: str) -> str:
    """A whole text, mended."""
    mender = Mender()
    return mender.feed(text) + mender.flush()


class Said(NamedTuple):
    """What an event of a stream, some of them, or a whole reply says."""

    text: str = ""
    """Not mended yet: half of a character may be in the next event."""
    finish_reason: str | None = None
    usage: UsageMetadata | None = None
    """None where it says nothing, or no number of tokens."""
    model: str | None = None
    speaks: bool = False
    """Whether it is of the protocol at all."""

    def with_next(self, event: "Said") -> "Said":
        """This and the next event together."""
        return Said(
            self.text + event.text,
            event.finish_reason or self.finish_reason,
            event.usage or self.usage,
            event.model or self.model,
            self.speaks or event.speaks,
        )


def said(document: bytes) -> Said:
    """What an event's data or a reply's body says; of several choices the first.

    Raises:
        ModelUnavailable: it is no JSON object, or says that the server failed.
    """
    try:
        read = json.loads(document)
    except (ValueError, RecursionError) as error:  # nested too deep, a number too long, or no JSON
        raise ModelUnavailable("model_garbled") from error
    if not isinstance(read, dict):
        raise ModelUnavailable("model_garbled")
    chunk = cast(dict[str, Any], read)
    if chunk.get("error"):
        raise ModelUnavailable("model_failed")
    choice = _first(chunk.get("choices"))
    spoken = _object(choice.get("delta") or choice.get("message"))
    return Said(
        text=_text(spoken.get("content")) + _text(spoken.get("refusal")),  # a refusal is an answer, too
        finish_reason=_name(choice.get("finish_reason")),
        usage=_usage(_object(chunk.get("usage"))),
        model=_name(chunk.get("model")),
        speaks=isinstance(chunk.get("choices"), list),
    )


def facts(reply: str) -> FactsFound:
    """What a reply of that form holds. Its texts are mended: JSON in JSON may hold again what JSON was cleared of.

    Raises:
        ModelRejected: it is not of that form.
    """

    def mend(read: dict[str, Any]) -> dict[str, Any]:
        return {name: mended(value) if isinstance(value, str) else value for name, value in read.items()}

    try:
        return FactsFound.model_validate(json.loads(reply, object_hook=mend))
    except (ValueError, RecursionError) as error:
        raise ModelRejected("model_garbled") from error


def _first(choices: Any) -> dict[str, Any]:
    """The choice of index 0: more than one is never asked for."""
    found = (_object(choice) for choice in choices) if isinstance(choices, list) else ()
    return next((choice for choice in found if choice.get("index") in (0, None)), {})


def _object(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts; what is neither (thoughts, images) is not shown."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part if isinstance(part, str) else _object(part).get("text") for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _name(value: Any) -> str | None:
    return mended(value[:LONGEST_NAME]) if isinstance(value, str) and value else None


def _usage(told: dict[str, Any]) -> UsageMetadata | None:
    """Both counts, or none."""
    prompt, completion = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    return UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None  # a bool is an int, too


class EventStream:
    """Takes a text/event-stream apart: the data of each event, as soon as it is complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._begun = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The data of the events that this piece completes."""
        self._rest += piece
        if b"\n" not in piece:
            return  # so that a long line is not looked through again for each of its pieces
        *lines, self._rest = self._rest.split(b"\n")
        if not self._begun:
            self._begun, lines[0] = True, lines[0].removeprefix(BOM.encode())
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(bytes(line[5:]).strip())
            elif self._data and not line.strip():
                data, self._data = b"\n".join(self._data), []
                yield data
