"""The OpenAPI document as a page to browse: written on the server, without scripts, from nowhere else."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from litestar import Request, Router, get
from litestar.openapi.plugins import OpenAPIRenderPlugin

STYLE = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
details { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .5rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { text-align: start; padding: .15rem 1rem .15rem 0; vertical-align: top; }
"""


class SchemaPage(OpenAPIRenderPlugin):
    """Renders the page, and serves the style it needs."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def receive_router(self, router: Router) -> None:
        """Serve the style beside the page."""
        router.register(style)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The page."""
        return "\n".join(_page(openapi_schema)).encode()


@get("/page.css", media_type="text/css", include_in_schema=False, sync_to_thread=False)
def style() -> str:
    """The page's style."""
    return STYLE


def _page(schema: dict[str, Any]) -> Iterator[str]:
    title = escape(schema["info"]["title"])
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<title>{title} API</title><link rel="stylesheet" href="/schema/page.css"></head><body><main>'
    yield f"<h1>{title} {escape(schema['info']['version'])}</h1>"
    yield '<p>For programs: <a href="/schema/openapi.json">openapi.json</a>.</p>'
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield from _operation(path, method, operation)
    yield "<h2>Shapes</h2>"
    for name, shape in schema.get("components", {}).get("schemas", {}).items():
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(shape)}</details>'
    yield "</main></body></html>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    what = escape(operation.get("description") or operation.get("summary") or "")
    yield f"<details><summary><b>{escape(method.upper())}</b> <code>{escape(path)}</code> {what}</summary>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter</th><th>in</th><th>takes</th></tr>"
        for one in parameters:
            taken = _json(one.get("schema", {}), block=False)
            yield f"<tr><td>{escape(one['name'])}</td><td>{escape(one['in'])}</td><td>{taken}</td></tr>"
        yield "</table>"
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Takes {escape(kind)}:</p>{_json(media.get('schema', {}))}"
    yield "<table><tr><th>status</th><th>means</th><th>comes as</th></tr>"
    for status, answer in operation["responses"].items():
        kinds = ", ".join(f"{escape(kind)} {_shape(media)}" for kind, media in answer.get("content", {}).items())
        yield f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td><td>{kinds}</td></tr>"
    yield "</table></details>"


def _shape(media: dict[str, Any]) -> str:
    """A link to the named shape, where the answer has one."""
    name = str(media.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else ""


def _json(value: Any, *, block: bool = True) -> str:
    text = escape(json.dumps(value, ensure_ascii=False, indent=2 if block else None))
    return f"<pre>{text}</pre>" if block else f"<code>{text}</code>"
