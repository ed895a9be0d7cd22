"""Content in traces: none by default, masked where it is enabled."""

import json
import threading
from uuid import UUID

import httpx
import psycopg
import pytest
from litestar import Litestar

from tests.support.app import Frontdesk, Serve
from tests.support.collector import Collector, SpanData
from tests.support.database import appear
from tests.support.model_script import Json, Status, Text, plain, streaming, structured
from tests.support.model_server import ModelServer

FACT = Json({"facts": [{"fact": "The user keeps ocelots.", "confidence": 0.9, "replaces": []}]})
KEY = "sk-numbat-key"


async def converse(frontdesk: Frontdesk, model: ModelServer, user: UUID) -> str:
    """Make a turn, a summary, a fact and two searches, all with rare words; returns the bearer token."""
    model.queue(Text("Marmosets cost nothing."), streaming)
    model.queue(Text("It is about wombats."), plain)
    model.queue(FACT, structured)
    await frontdesk.chat(user, "My zebrafinch paid with 4242 4242 4242 4242", employee="tag")
    async with frontdesk.client(user) as client:
        await client.get("/conversations", params={"q": "quokka"})
        await client.get("/memory", params={"q": "quokka"})
        return client.headers["authorization"].removeprefix("Bearer ")


async def all_of(collector: Collector) -> list[SpanData]:
    """The spans that `converse` makes."""
    await collector.named("invoke_agent Tag", "POST /chat", "GET /conversations", "GET /memory")
    return collector.spans


async def test_spans_have_no_content(serve: Serve, collector: Collector, model: ModelServer, ada: UUID) -> None:
    """No message, answer, fact, search term or secret."""
    frontdesk = await serve(
        otlp_endpoint=collector.url, otlp_headers="authorization=Bearer%20echidna", openai_api_key=KEY
    )
    token = await converse(frontdesk, model, ada)
    spans = await all_of(collector)
    assert (await model.received(structured)).headers["authorization"] == f"Bearer {KEY}"
    assert collector.headers[0]["authorization"] == "Bearer echidna"
    sent = collector.sent.lower()
    assert str(ada).encode() in sent  # so text would be readable in these bytes, too
    for planted in ("zebrafinch", "marmoset", "wombat", "ocelot", "quokka", "4242", KEY, token, "echidna"):
        assert planted.lower().encode() not in sent, planted
    searched = [span.attributes.get("url.query") for span in spans if span.name.startswith("GET /")]
    assert searched == ["REDACTED", "REDACTED"]


async def test_failed_spans_have_no_exception_text(
    serve: Serve, collector: Collector, model: ModelServer, ada: UUID
) -> None:
    """Only an error code: a model server's error message may repeat the prompt."""
    frontdesk = await serve(otlp_endpoint=collector.url)
    model.always(Status(400, "Cannot read: zebrafinch."), streaming)
    model.always(Status(500, "Cannot read: wombat."), plain)
    model.always(Json({"facts": "ocelots"}), structured)
    await frontdesk.chat(ada, "My zebrafinch", employee="tag")
    await collector.named("invoke_agent Tag", "POST /chat")
    failed = {(span.name, span.attributes["error.type"]) for span in collector.spans if span.failed}
    assert failed >= {("chat gpt-4o-mini", "model_rejected"), ("invoke_agent Tag", "model_rejected")}
    assert not [span.name for span in collector.spans if span.status or span.events]
    for planted in (b"zebrafinch", b"wombat", b"ocelot", b"Traceback"):
        assert planted not in collector.sent, planted


async def test_a_response_that_breaks_off_leaves_no_stack_trace(serve: Serve, collector: Collector, ada: UUID) -> None:
    """The HTTP instrumentation would add one, with the database's error message."""
    frontdesk = await serve(otlp_endpoint=collector.url)
    url = frontdesk.service.url
    async with await psycopg.AsyncConnection.connect(url) as conn, frontdesk.client(ada) as client:
        await conn.execute("lock table xai_chat_metrics in access exclusive mode")
        async with client.stream("GET", "/export") as response:
            assert response.status_code == 200
            waits = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            await appear(url, f"select pg_terminate_backend(pid) {waits}")
            with pytest.raises(httpx.HTTPError):
                await response.aread()
    (span,) = await collector.named("GET /export")
    assert (span.failed, span.events) == (True, 0)
    assert b"Traceback" not in collector.sent


async def test_spans_have_content_where_it_is_enabled(
    serve: Serve, collector: Collector, model: ModelServer, ada: UUID
) -> None:
    """The prompt as it was sent, masked by the guard, the reply, and search terms."""
    frontdesk = await serve(otlp_endpoint=collector.url, otel_content=True)
    await converse(frontdesk, model, ada)
    spans = await all_of(collector)
    (chat,) = [span for span in spans if span.attributes.get("gen_ai.request.temperature") == pytest.approx(0.3)]
    prompt = json.loads(chat.attributes["gen_ai.input.messages"])
    sent = (await model.received(streaming)).body["messages"]
    assert [(message["role"], message["parts"][0]["content"]) for message in prompt] == [
        (message["role"], message["content"]) for message in sent
    ]
    reply = json.loads(chat.attributes["gen_ai.output.messages"])
    assert reply == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Marmosets cost nothing."}],
            "finish_reason": "stop",
        }
    ]
    for planted in (b"zebrafinch", b"Marmosets", b"wombats", b"ocelots", b"q=quokka"):
        assert planted in collector.sent, planted
    for planted in (b"4242 4242", b"42424242"):
        assert planted not in collector.sent, planted


async def test_a_number_in_a_reply_is_masked(serve: Serve, collector: Collector, model: ModelServer, ada: UUID) -> None:
    """In spans as for clients."""
    frontdesk = await serve(otlp_endpoint=collector.url, otel_content=True)
    model.queue(Text(["Pay with 4242 4242 ", "4242 4242."]), streaming)
    await frontdesk.chat(ada, "How?", employee="tag")
    await collector.named("invoke_agent Tag")
    assert b"Pay with [card" in collector.sent
    assert b"4242 4242" not in collector.sent


async def test_content_is_masked_as_the_server_is_set(
    serve: Serve, collector: Collector, model: ModelServer, ada: UUID
) -> None:
    """Search texts, prompts and replies without an e-mail address where they are masked."""
    frontdesk = await serve(otlp_endpoint=collector.url, otel_content=True, mask=["email"])
    model.queue(Text(["Write to ada@example", ".com."]), streaming)
    await frontdesk.chat(ada, "Am I bob@example.com?", employee="tag")
    async with frontdesk.client(ada) as client:
        await client.get("/conversations", params={"q": "carl@example.com"})
    await collector.named("invoke_agent Tag", "GET /conversations")
    assert b"Write to [email]" in collector.sent
    assert b"@example" not in collector.sent


async def test_pages_and_health_checks_are_not_traced(serve: Serve, collector: Collector, ada: UUID) -> None:
    """Other requests are named after their route, or after their method where there is none."""
    frontdesk = await serve(otlp_endpoint=collector.url)
    async with frontdesk.client(ada, admin=True) as client:
        for path in ("/", "/page/chat.css", "/health/live", "/health/ready", "/metrics"):
            await client.get(path)
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await client.get("/conversations/c-1", headers={"traceparent": parent})
        await client.post("/nowhere", json={})
        await client.get("/employees")
    seen = await collector.until(lambda spans: any(span.name == "GET /employees" for span in spans))
    assert [(span.name, span.attributes["http.response.status_code"]) for span in seen] == [
        ("GET /conversations/{conversation_id}", 404), ("POST", 404), ("GET /employees", 200),
    ]  # fmt: skip
    assert (seen[0].trace.hex(), seen[0].parent.hex()) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert not [span.name for span in seen if span.failed]


async def test_without_a_collector_nothing_is_traced(serve: Serve, ada: UUID) -> None:
    """The application has no OpenTelemetry plugin, and starts no export thread."""
    before = set(threading.enumerate())  # a server that was stopped before may still be sending its last spans
    frontdesk = await serve()
    await frontdesk.chat(ada, "Hello")
    app = frontdesk.server.config.app
    assert isinstance(app, Litestar)
    assert not [plugin for plugin in app.plugins if "Telemetry" in type(plugin).__name__]
    started = set(threading.enumerate()) - before
    assert not [thread.name for thread in started if thread.name.startswith("Otel")]


async def test_the_endpoint_for_traces_takes_precedence(serve: Serve, collector: Collector, ada: UUID) -> None:
    """It is used unchanged, and spans have the service name that is set."""
    frontdesk = await serve(
        otlp_endpoint="http://127.0.0.1:9", otlp_traces_endpoint=f"{collector.url}/spans", otel_service_name="desk"
    )
    async with frontdesk.client(ada) as client:
        await client.get("/employees")
    (span,) = await collector.named("GET /employees")
    assert (collector.headers[0][":path"], span.resource["service.name"]) == ("/spans", "desk")
