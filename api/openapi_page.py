"""The OpenAPI document as an HTML page without scripts (docs/decisions.md, "The schema page is plain HTML")."""

import json
from html import escape
from pathlib import Path
from typing import Any

from litestar import Request, Router, get
from litestar.openapi.plugins import OpenAPIRenderPlugin

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
STYLE = Path(__file__).with_name("openapi_page.css")


class SchemaPage(OpenAPIRenderPlugin):
    """Litestar's render plugin for the page: a line per operation, which opens to parameters, body and responses."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The page."""
        return page(openapi_schema).encode()

    def receive_router(self, router: Router) -> None:
        """Serve the style sheet beside the page."""
        router.register(style)


@get("/page.css", media_type="text/css", include_in_schema=False, sync_to_thread=True)
def style() -> bytes:
    """The page's style sheet."""
    return STYLE.read_bytes()


def page(document: dict[str, Any]) -> str:
    """The document as HTML, with all its text escaped."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    operations = [
        _operation(method, path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    schemas = document.get("components", {}).get("schemas", {})
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="/schema/page.css">\n</head>\n<body>\n<h1>{title}</h1>\n'
        '<p>The same for programs: <a href="/schema/openapi.json">openapi.json</a></p>\n'
        f"{''.join(operations)}<h2>Schemas</h2>\n{''.join(_schema(name, each) for name, each in schemas.items())}"
        "</body>\n</html>\n"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    summary = escape(operation.get("description", ""))
    return (
        f"<details>\n<summary><b>{escape(method.upper())}</b> <code>{escape(path)}</code> {summary}</summary>\n"
        f"<p>{escape(operation.get('description', ''))}</p>\n"
        f"{_parameters(operation.get('parameters', []))}{_body(operation.get('requestBody', {}))}"
        f"{_responses(operation.get('responses', {}))}</details>\n"
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    lines = [
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}"
        f"{', required' if each.get('required') else ''}</td><td>{escape(each.get('description', ''))}</td>"
        f"<td><code>{escape(json.dumps(each.get('schema', {})))}</code></td></tr>\n"
        for each in parameters
    ]
    return f"<h3>Parameters</h3>\n<table>\n{''.join(lines)}</table>\n" if lines else ""


def _body(body: dict[str, Any]) -> str:
    kinds = body.get("content", {}).items()
    return "".join(f"<h3>Body: {escape(kind)}</h3>\n{_json(media.get('schema', {}))}" for kind, media in kinds)


def _responses(responses: dict[str, Any]) -> str:
    lines = [
        f"<tr><td>{escape(status)}</td><td>{escape(response.get('description', ''))}</td>"
        f"<td>{escape(', '.join(response.get('content', {})))}</td></tr>\n"
        for status, response in responses.items()
    ]
    return f"<h3>Responses</h3>\n<table>\n{''.join(lines)}</table>\n"


def _schema(name: str, schema: dict[str, Any]) -> str:
    return f"<details>\n<summary><code>{escape(name)}</code></summary>\n{_json(schema)}</details>\n"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>\n"
