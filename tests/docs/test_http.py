"""docs/http.md says what a client meets: its examples are what a server answers, and it names all there is."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest

from api.problems import Code
from api.sse import KEEP_ALIVE_SECONDS
from graph.settings import Settings
from nodes.errors import ModelErrorCode
from nodes.state import FinishReason, NoticeCode, WhileBusy
from nodes.stream_events import ErrorCode
from storage.event_log import EventName
from storage.rate_limits import CHAT_WINDOW, POLICIES
from tests.docs.examples import LEFT_OUT, Example, recorded, shell
from tests.docs.markdown import CODE, blocks, section, table
from tests.docs.scenes import Scenes, token
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Text, plain, streaming
from tests.support.model_server import ModelServer

FILE = Path(__file__).parents[2] / "docs/http.md"
TRANSPORT = {"connection", "content-length", "date", "transfer-encoding"}
"""Headers that belong to HTTP and not to this API."""
REMEMBERED = {
    "TURN": r"^x-turn-id: (\S+)",
    "FACT": r'"fact_id": ?"([^"]+)"',
    "DOCUMENT": r'"document_id": ?"([^"]+)"',
    "REFERENCE": r'"reference_id": ?"([^"]+)"',
}
"""Variables of the shell that an example sets for those after it, and where in its output they are found."""


@pytest.fixture
async def played(serve: Serve, model: ModelServer, ada: UUID, bob: UUID, tmp_path: Path) -> str:
    """The document with what its commands print now, run by a shell against a running server."""
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("curl is not installed here; where CI is set, it must be")
    model.always(Text(["It depends on what you use it for."], cached=64), streaming)
    model.always(Text(["They asked what a side business can write off."]), plain)
    frontdesk = await serve(rate_limit=1000, turn_timeout=300)
    scenes = Scenes(frontdesk, await serve(rate_limit=1), await serve(jwt_secret=None), model, ada, bob)
    variables = {"PATH": os.environ["PATH"], "FRONTDESK": frontdesk.url, "TOKEN": token(frontdesk, ada)}

    async def run(example: Example) -> str:
        async with scenes.of(example.name) as scene:
            said = await shell(example.command, {**variables, **scene}, str(tmp_path))
        await frontdesk.settled()
        for name, place in REMEMBERED.items():
            if found := re.search(place, said, re.MULTILINE):
                variables[name] = found[1]
        return said

    return await recorded(FILE.read_text(encoding="utf-8"), run)


@pytest.fixture
def document() -> str:
    """The document as it is."""
    return FILE.read_text(encoding="utf-8")


async def test_the_examples_are_what_the_server_answers(played: str, pytestconfig: pytest.Config) -> None:
    """Each command prints what stands below it; `make docs` writes down what is printed now."""
    if pytestconfig.getoption("--write-docs", default=False):
        FILE.write_text(played, encoding="utf-8")
    assert played == FILE.read_text(encoding="utf-8")


def test_every_event_is_described(document: str) -> None:
    """The fields that its section lists are those that events of the examples have, and there is no other event."""
    seen: dict[str, set[str]] = {}
    for example in blocks(document, "console"):
        for name, data in re.findall(r"^event: (\w+)\ndata: (.*)$", example, re.MULTILINE):
            seen.setdefault(name, set()).update(_paths(json.loads(data)))
    assert seen.keys() == set(get_args(EventName))
    for name, fields in seen.items():
        assert set(table(section(document, f"### `{name}`"), "field").names()) == fields


@pytest.mark.parametrize(
    ("heading", "column", "values"),
    [
        ("### `notice`", "code", NoticeCode),
        ("### `done`", "finish_reason", FinishReason),
        ("### `error`", "code", ErrorCode),
        ("### How a turn stands: `GET /turns/{turn_id}`", "error_code", ModelErrorCode),
        ("### One answer at a time: `while_busy`", "value", WhileBusy),
    ],
    ids=["notices", "finish reasons", "errors", "model errors", "while_busy"],
)
def test_every_word_of_a_closed_list_is_described(document: str, heading: str, column: str, values: Any) -> None:
    """Its table has a row for each, and none for anything else."""
    described = table(section(document, heading), column).names()
    assert sorted(described) == sorted(get_args(values))


def test_every_refusal_is_described(document: str) -> None:
    """Each code with its status."""
    rows = table(section(document, "## Errors"), "status")
    assert set(rows.names(1)) == set(get_args(Code))


async def test_every_header_is_described(serve: Serve, document: str) -> None:
    """Those of the examples, those that every response has, and which of them pages of other origins may read."""
    frontdesk = await serve(cors_origins="https://front.example")
    async with frontdesk.client(None) as client:
        answer = await client.get("/employees", headers={"Origin": "https://front.example"})
    rows = table(section(document, "## Response headers"), "header")
    described = {name.lower() for name in rows.names()}
    examples = blocks(document, "console")
    shown = {name for example in examples for name in re.findall(r"^([a-z-]+): ", _head(example), re.MULTILINE)}
    assert shown | (LEFT_OUT - TRANSPORT) <= described
    readable = {row[0].strip("`") for row in rows.rows if row[2] == "yes"}
    assert readable == set(answer.headers["access-control-expose-headers"].split(", "))


def test_every_limit_is_described(document: str) -> None:
    """With its number; so is the silence after which a comment is sent."""
    rows = table(section(document, "## Limits"), "name").rows
    described = {row[0].strip("`"): row[2].partition(" s")[0] for row in rows}
    chat = {"chat": f"{Settings.model_fields['rate_limit'].default} in {CHAT_WINDOW}"}
    assert described == {name: f"{limit} in {window}" for name, (limit, window) in POLICIES.items()} | chat
    assert f"After {KEEP_ALIVE_SECONDS:.0f} seconds of silence" in section(document, "## Events")


async def test_every_request_is_described(frontdesk: Frontdesk, document: str) -> None:
    """Whatever the OpenAPI document has: requests, parameters, fields of bodies and of answers, headers.

    Of the doors each request, in docs/doors.md: their fields are described where their protocols are.
    """
    async with frontdesk.client(None) as client:
        api: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    code = CODE.findall(document)
    doors = CODE.findall((FILE.parent / "doors.md").read_text(encoding="utf-8"))
    words = {word for span in code for word in re.findall(r"[\w-]+", span)}
    own: set[str] = set()
    for path, item in api["paths"].items():
        for method, operation in item.items():
            request = f"{method.upper()} {path}"
            if request in doors:
                continue
            own |= _schemas(operation, api)
            assert any(span == request or span.startswith(f"{request}?") for span in code), request
            assert {one["name"] for one in operation.get("parameters", [])} <= words, request
            assert set(_properties(operation)) <= words, request
            for response in operation["responses"].values():
                assert set(response.get("headers", {})) <= words, request
    for name in own:
        assert set(_properties(api["components"]["schemas"][name])) <= words, name


def _schemas(part: object, api: dict[str, Any]) -> set[str]:
    """The names of all schemas that a part of the document leads to."""
    found, left = set[str](), set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(part)))
    while left:
        found |= left
        schemas = [api["components"]["schemas"][name] for name in left]
        left = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(schemas))) - found
    return found


def _head(example: str) -> str:
    """The status line and the headers in an example; nothing where it shows none."""
    _, found, answer = example.partition("\nHTTP/1.1 ")
    return answer.partition("\n\n")[0] if found else ""


def _paths(data: dict[str, Any], above: str = "") -> Iterator[str]:
    """The names of all fields, those of objects inside as `outer.inner`; `texts` has texts for names."""
    for name, value in data.items():
        if isinstance(value, dict) and name != "texts":
            yield from _paths(dict[str, Any](value), f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _properties(schema: Any) -> Iterator[str]:
    """The names of all properties that a part of an OpenAPI document declares."""
    if isinstance(schema, dict):
        fields = dict[str, Any](schema)
        declared = fields.get("properties")
        yield from declared if isinstance(declared, dict) else ()
        for part in fields.values():
            yield from _properties(part)
    elif isinstance(schema, list):
        for part in list[Any](schema):
            yield from _properties(part)
