"""Values as a person can read them in JSON, and back."""

from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from nodes.errors import ContextTooLong, EmbeddingUnavailable, ModelDown, ModelRejected, ModelUnavailable
from storage.errors import StorageUnavailable

LONG_VECTOR = 64
"""Numbers from which a list is a vector, of which only the length is kept."""

_KINDS: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "ai": AIMessage,
    "system": SystemMessage,
    "AIMessageChunk": AIMessageChunk,
}
_ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (StorageUnavailable, EmbeddingUnavailable, ModelUnavailable, ModelDown, ModelRejected, ContextTooLong)
}


def plain(value: Any) -> Any:
    """The value as JSON holds it; messages, models and long vectors in a short readable form."""
    match value:
        case BaseMessage():
            return {"$message": value.type, **_message(value)}
        case BaseModel():
            return value.model_dump(mode="json")
        case dict():
            return {str(key): plain(entry) for key, entry in value.items()}
        case list() | tuple():
            entries: list[Any] = list(value)
            if len(entries) >= LONG_VECTOR and all(isinstance(entry, float) for entry in entries):
                return {"$vector": len(entries)}
            return [plain(entry) for entry in entries]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def restored(value: Any) -> Any:
    """What `plain` made, as it was; vectors come back as zeros."""
    match value:
        case {"$message": kind, **rest}:
            return _KINDS[str(kind)](**cast(dict[str, Any], rest))
        case {"$vector": length}:
            return [0.0] * length
        case dict():
            return {key: restored(entry) for key, entry in cast(dict[str, Any], value).items()}
        case list():
            return [restored(entry) for entry in list[Any](value)]
        case _:
            return value


def raise_again(raised: dict[str, Any]) -> None:
    """Raise the error that was recorded."""
    kind = _ERRORS[raised["error"]]
    if issubclass(kind, ModelUnavailable):
        raise kind(raised["code"], retry_after=0.0)  # nobody waits twice
    raise kind(raised["code"]) if "code" in raised else kind()


def told(error: Exception) -> dict[str, Any]:
    """The error as JSON holds it; `raise_again` raises it."""
    details = {name: getattr(error, name) for name in ("code", "retry_after") if hasattr(error, name)}
    return {"error": type(error).__name__, **details}


def _message(message: BaseMessage) -> dict[str, Any]:
    kept = ("content", "id", "usage_metadata", "response_metadata")
    return {name: entry for name in kept if (entry := getattr(message, name, None))} | {"content": message.content}
