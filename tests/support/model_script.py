"""What a scripted model is asked and what it says: requests, predicates, replies, and which reply comes when."""

import asyncio
import hashlib
import json
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from .model_bytes import Raw

Document: TypeAlias = dict[str, Any]
When: TypeAlias = Callable[["Request"], bool]

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


@dataclass(eq=False)
class Request:
    """A request as it arrived: `order` counts from 1, header names are lower case, `path` is without the query.

    `disconnected`: the client went away before the reply was complete. `finished`: the server is done, either way.
    """

    order: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: Document
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)


def chat(request: Request) -> bool:
    """A chat completion, whatever its form."""
    return request.path == CHAT


def embedding(request: Request) -> bool:
    """A request for vectors."""
    return request.path == EMBEDDINGS


def streaming(request: Request) -> bool:
    """A chat completion that is to come as events."""
    return chat(request) and bool(request.body.get("stream"))


def structured(request: Request) -> bool:
    """A chat completion that asks for JSON of a schema, or for a call of a tool; one that only offers tools is none."""
    must_call = request.body.get("tool_choice", "auto") not in ("auto", "none")
    return chat(request) and (json_schema(request) is not None or must_call)


def plain(request: Request) -> bool:
    """A chat completion that wants words, all at once."""
    return chat(request) and not streaming(request) and not structured(request)


@dataclass(frozen=True)
class Text:
    """These tokens (a str is split in words), then the end; delays are seconds, the opening event waits for none.

    `counts` is told as how many tokens prompt and reply have, instead of the truth; `cached` as how many of the
    prompt's were read from a cache.
    """

    tokens: Sequence[str] | str
    finish_reason: str = "stop"
    delay_first: float = 0.0
    delay_between: float = 0.0
    usage: bool = True
    counts: int | None = None
    cached: int | None = None


@dataclass(frozen=True)
class Json:
    """A document: the content or, if tools may be called, a call's arguments; to other endpoints the whole body."""

    document: Any


@dataclass(frozen=True)
class Calls:
    """These tokens, then calls of tools: names with their arguments, as a document or as the text of one."""

    calls: Sequence[tuple[str, Document | str]]
    tokens: Sequence[str] | str = ()


@dataclass(frozen=True)
class Status:
    """An HTTP error with OpenAI's error document, whose code is `error`, a word such as insufficient_quota."""

    code: int
    message: str = "The scripted model refuses."
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error: str | None = None


@dataclass(frozen=True)
class Hang:
    """These tokens, then silence until either side closes; with none, not even headers."""

    after_tokens: Sequence[str] = ()


@dataclass(frozen=True)
class Cut:
    """These tokens, then the connection closes in the middle of a chunk."""

    after_tokens: Sequence[str]


@dataclass(frozen=True)
class Garbage:
    """These tokens, then an event that is neither JSON nor UTF-8, then the end of the body."""

    after_tokens: Sequence[str] = ()


@dataclass(frozen=True)
class Refuse:
    """The connection closes without an answer."""


@dataclass(frozen=True)
class Gate:
    """The first token, then the rest once `gate` is set: lets tests synchronise without sleeping."""

    tokens: Sequence[str] | str
    gate: asyncio.Event


Reply: TypeAlias = Text | Json | Calls | Status | Hang | Cut | Garbage | Refuse | Gate | Raw


def tokens_of(reply: Reply) -> Sequence[str]:
    """The pieces a reply sends; joined they are its text."""
    if isinstance(reply, Status | Refuse | Raw):
        return ()
    if isinstance(reply, Hang | Cut | Garbage):
        return reply.after_tokens
    spoken = json.dumps(reply.document, ensure_ascii=False) if isinstance(reply, Json) else reply.tokens
    return re.findall(r"\s*\S+|\s+", spoken) if isinstance(spoken, str) else spoken


async def pause(reply: Reply, sent: int, total: int) -> None:
    """Wait as this reply does once `sent` of its `total` tokens are out."""
    if isinstance(reply, Text) and (sent < total or not sent):
        await asyncio.sleep(reply.delay_between if sent else reply.delay_first)
    elif isinstance(reply, Gate) and sent == min(1, total):
        await reply.gate.wait()


class Script:
    """Chooses replies: one-shot ones in their order, then rules, the latest first, then a default."""

    def __init__(self) -> None:
        self._queue: list[tuple[Reply, When]] = []
        self._rules: list[tuple[Reply, When]] = []

    def queue(self, reply: Reply, when: When | None = None) -> None:
        """Give this reply once, to the next request that matches; without `when`, to any chat completion."""
        self._queue.append((reply, when or chat))

    def always(self, reply: Reply, when: When | None = None) -> None:
        """Give this reply whenever a request matches and none is queued for it; later rules go before earlier."""
        self._rules.append((reply, when or chat))

    def choose(self, request: Request) -> Reply:
        """The reply for this request; a queued one is used up."""
        for position, (reply, when) in enumerate(self._queue):
            if when(request):
                del self._queue[position]
                return reply
        return next((reply for reply, when in reversed(self._rules) if when(request)), None) or default(request)


def read_script(path: str) -> Script:
    """A script from JSON: {"queue": [{"reply": "text", "tokens": "Hi.", "when": "streaming"}], "always": [...]}.

    An entry's other keys are the reply's fields. Raises KeyError or TypeError for what does not exist.
    """
    replies = {kind.__name__.lower(): kind for kind in (Text, Json, Calls, Status, Hang, Cut, Garbage, Refuse)}
    predicates = {rule.__name__: rule for rule in (chat, embedding, streaming, structured, plain)}
    document: dict[str, list[Document]] = json.loads(Path(path).read_bytes())
    script = Script()
    for key, add in {"queue": script.queue, "always": script.always}.items():
        for entry in document.get(key, []):
            when = predicates[entry.pop("when", "chat")]
            add(replies[entry.pop("reply")](**entry), when)
    return script


def default(request: Request) -> Reply:
    """What is said when nothing was scripted: a greeting, or the least that satisfies the schema."""
    if (request.method, request.path) not in {("POST", CHAT), ("POST", EMBEDDINGS), ("GET", "/v1/models")}:
        return Status(404, f"Unknown request URL: {request.method} {request.path}.", error="unknown_url")
    schema, tool = json_schema(request), tool_of(request)
    if schema is None and tool and request.body.get("tool_choice", "auto") != "auto":
        schema = tool.get("parameters", {})
    return Text("Hello from the scripted model.") if schema is None else Json(minimal(schema, schema))


def json_schema(request: Request) -> Document | None:
    """The schema that `response_format` asks for, if it does."""
    wanted: Document = request.body.get("response_format") or {}
    return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None


def tool_of(request: Request) -> Document | None:
    """The function a call goes to: the one `tool_choice` names, else the first unless calls are ruled out."""
    functions: list[Document] = [tool["function"] for tool in request.body.get("tools") or ()]
    match request.body.get("tool_choice"):
        case "none":
            return None
        case {"function": {"name": name}}:
            return next(function for function in functions if function["name"] == name)
        case _:
            return functions[0] if functions else None


def prompt_words(request: Request) -> int:
    """How many words all messages hold together, parts of a message included."""
    contents: list[Any] = [message.get("content") or "" for message in request.body.get("messages", ())]
    texts = [text if isinstance(text, str) else " ".join(part.get("text", "") for part in text) for text in contents]
    return len(" ".join(texts).split())


def prompt_chars(request: Request) -> int:
    """How many characters all messages hold together, where each is one text."""
    return sum(len(message["content"] or "") for message in request.body["messages"])


def input_texts(request: Request) -> list[str]:
    """The texts to embed; token ids, which clients may send instead, are read as words."""
    given: Any = request.body["input"]
    texts: list[Any] = [given] if isinstance(given, str) or isinstance(given[0], int) else given
    return [text if isinstance(text, str) else " ".join(map(str, text)) for text in texts]


def minimal(schema: Document, root: Document) -> Any:
    """The least value with every field that `schema` requires; `root` holds the definitions behind a $ref."""
    empty: Document = {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False, "null": None}
    match schema:
        case {"$ref": reference}:
            return minimal(root["$defs"][reference.rpartition("/")[2]], root)
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]} | {"allOf": [first, *_]}:
            return minimal(first, root)
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"type": str(kind) | [kind, *_]} if kind in empty:
            return empty[kind]
        case _:
            return {name: minimal(schema["properties"][name], root) for name in schema.get("required", ())}


def embed(text: str, dimension: int) -> list[float]:
    """A vector of length 1 in which each word adds at 16 places its hash names: shared words bring texts closer."""
    vector = [0.0] * dimension
    for word in re.findall(r"\w+", text.casefold()) or [""]:
        for place in struct.unpack("<16I", hashlib.blake2b(word.encode()).digest()):
            vector[place % dimension] += 1.0
    length = math.hypot(*vector)
    return [value / length for value in vector]
