"""A real HTTP server that stands in for a model; on h11 and not on a framework, to break HTTP's rules when told to."""

import argparse
import asyncio
import base64
import contextlib
import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Self

import h11

from . import model_script as model
from .model_bytes import Raw

READ_SIZE = 65_536
NOT_JSON = b'data: {"choices": [{"delta": \xff\xfe oops\n\n'


class ModelServer:
    """Serves a script while its `async with` block runs; leaving the block ends every connection at once.

    `url` is the clients' base URL, with its /v1; `requests` is what arrived, in order; vectors have `dimension` numbers
    unless a request asks for others. Leaving raises an ExceptionGroup of what failed inside, such as a predicate.
    """

    def __init__(self, script: model.Script | None = None, *, port: int = 0, dimension: int = 1536) -> None:
        script = script or model.Script()
        self.queue, self.always, self._choose = script.queue, script.always, script.choose
        self.url, self.requests = "", list[model.Request]()
        self._port, self._dimension = port, dimension
        self._arrival, self._connections = asyncio.Event(), list[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        # asyncio loses a socket that it accepts while closing, so accept no more, let begun ones arrive, then close
        asyncio.get_running_loop().remove_reader(self._server.sockets[0])
        for _step in range(5):
            await asyncio.sleep(0)
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        results = await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        _raise_failures(results)

    async def reset(self) -> None:
        """Forget the script and what was asked, for the next test; raises what failed inside, as leaving does."""
        script = model.Script()
        self.queue, self.always, self._choose = script.queue, script.always, script.choose
        self.requests.clear()
        ended = [connection for connection in self._connections if connection.done()]
        self._connections = [connection for connection in self._connections if not connection.done()]
        _raise_failures(await asyncio.gather(*ended, return_exceptions=True))

    async def received(self, when: model.When = model.chat, count: int = 1, within: float = 60.0) -> model.Request:
        """The `count`-th request that matches, once it has arrived; raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while len(matching := [request for request in self.requests if when(request)]) < count:
                await self._arrival.wait()
        return matching[count - 1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = _Wire(reader, writer)
        try:
            while wire.reusable() and (received := await wire.receive()):
                await self._answer(wire, self._record(*received))
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, h11.RemoteProtocolError):
            pass  # the client broke off or speaks no HTTP: nobody is left to be told
        finally:
            writer.transport.abort()

    def _record(self, head: h11.Request, raw: bytes) -> model.Request:
        path = head.target.decode().partition("?")[0]
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        request = model.Request(len(self.requests) + 1, head.method.decode(), path, headers, json.loads(raw or b"{}"))
        self.requests.append(request)
        self._arrival.set()
        self._arrival = asyncio.Event()
        return request

    async def _answer(self, wire: "_Wire", request: model.Request) -> None:
        sending = asyncio.create_task(_deliver(wire, request, self._choose(request), self._dimension))
        leaving = asyncio.create_task(wire.client_leaves())
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() or isinstance(sending.exception(), ConnectionError):
                request.disconnected.set()
                raise ConnectionAbortedError
            sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            request.finished.set()


def _raise_failures(results: Sequence[BaseException | None]) -> None:
    if failures := [result for result in results if isinstance(result, Exception)]:
        raise ExceptionGroup("the scripted model failed", failures)


class _Wire:
    """One client's connection: h11 reads and frames HTTP/1.1, asyncio moves the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER)

    async def receive(self) -> tuple[h11.Request, bytes] | None:
        head, body = await self._event(), b""
        if not isinstance(head, h11.Request):
            return None
        while isinstance(part := await self._event(), h11.Data):
            body += part.data
        return head, body

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(READ_SIZE))
        return event

    async def client_leaves(self) -> None:
        """Return once the client has closed its side; what it sends early waits for its turn."""
        while data := await self._reader.read(READ_SIZE):
            self._http.receive_data(data)

    async def send(self, *events: h11.Event, cut: bool = False) -> None:
        """Write these parts of a response; `cut` keeps the second half of the bytes back."""
        data = b"".join(self._http.send(event) or b"" for event in events)
        self._writer.write(data[: len(data) // 2] if cut else data)
        await self._writer.drain()

    def reusable(self) -> bool:
        """Whether another request may follow: not after a response that was left unfinished."""
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        return self._http.our_state is h11.IDLE


async def _deliver(wire: _Wire, request: model.Request, reply: model.Reply, dimension: int) -> None:
    if isinstance(reply, model.Refuse):
        return
    if isinstance(reply, model.Hang) and not reply.after_tokens:
        await asyncio.Event().wait()
    if isinstance(reply, Raw):
        await wire.send(h11.Response(status_code=200, headers=[("content-type", reply.media)]))
        for raw in reply.pieces:
            await wire.send(h11.Data(raw))
        await wire.send(h11.EndOfMessage())
        return
    status, extra = (reply.code, reply.headers.items()) if isinstance(reply, model.Status) else (200, ())
    media, opening, pieces = "application/json", b"", [b""] * len(model.tokens_of(reply))
    if model.streaming(request) and not isinstance(reply, model.Status):
        media, (opening, pieces, ending) = "text/event-stream; charset=utf-8", _Completion(request, reply).events()
    else:
        ending = [json.dumps(_document(request, reply, dimension), ensure_ascii=False).encode()]
    # without a length among the headers h11 frames the body in chunks
    await wire.send(h11.Response(status_code=status, headers=[("content-type", media), *extra]), h11.Data(opening))
    for sent, piece in enumerate(pieces):
        await model.pause(reply, sent, len(pieces))
        await wire.send(h11.Data(piece))
    await model.pause(reply, len(pieces), len(pieces))
    match reply:
        case model.Hang():
            await asyncio.Event().wait()
        case model.Cut():
            await wire.send(h11.Data(ending[0]), cut=True)
        case model.Garbage():
            await wire.send(h11.Data(NOT_JSON), h11.EndOfMessage())
        case _:
            await wire.send(*(h11.Data(event) for event in ending), h11.EndOfMessage())


class _Completion:
    """A reply to a chat request, in the two forms OpenAI has for it."""

    def __init__(self, request: model.Request, reply: model.Reply) -> None:
        self._tokens = model.tokens_of(reply)
        self._tool = model.tool_of(request) if isinstance(reply, model.Json) else None
        self._calls = [*_calls(reply)] if isinstance(reply, model.Calls) else []
        called = self._tool or self._calls
        self._finish = reply.finish_reason if isinstance(reply, model.Text) else "tool_calls" if called else "stop"
        self._head = {"id": f"chatcmpl-{request.order}", "created": 0, "model": request.body.get("model")}
        prompt, completion = model.prompt_words(request), len(self._tokens)
        if isinstance(reply, model.Text) and reply.counts is not None:
            prompt = completion = reply.counts
        usage: model.Document = {"prompt_tokens": prompt, "completion_tokens": completion}
        usage["total_tokens"] = prompt + completion
        if isinstance(reply, model.Text) and reply.cached is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": reply.cached}
        self._usage: model.Document = {} if isinstance(reply, model.Text) and not reply.usage else {"usage": usage}
        options: model.Document = request.body.get("stream_options") or {}
        self._usage_streams = bool(self._usage and options.get("include_usage"))

    def document(self) -> model.Document:
        message = self._message("".join(self._tokens))
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        return {**self._head, "object": "chat.completion", "choices": [choice], **self._usage}

    def events(self) -> tuple[bytes, list[bytes], list[bytes]]:
        """The opening event, one for each token, and the closing ones."""
        opening = self._event(self._message("", index=0))
        usage = [self._event(None)] if self._usage_streams else []
        calls = [self._event({"tool_calls": [piece]}) for piece in self._calls]
        ending = [*calls, self._event({}, self._finish), *usage, b"data: [DONE]\n\n"]
        return opening, [self._event(self._piece(token)) for token in self._tokens], ending

    def _event(self, delta: model.Document | None, finish: str | None = None) -> bytes:
        """One chunk of the stream; without a delta the one that tells the usage."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": [] if delta is None else [choice]}
        if self._usage_streams:
            chunk |= self._usage if delta is None else {"usage": None}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()

    def _piece(self, token: str) -> model.Document:
        return {"tool_calls": [{"index": 0, "function": {"arguments": token}}]} if self._tool else {"content": token}

    def _message(self, text: str, **position: int) -> model.Document:
        """What the assistant says or calls; only a streamed call has a position."""
        said: model.Document = {"role": "assistant", "content": text, "refusal": None}
        if self._tool:
            function = {"name": self._tool["name"], "arguments": text}
            call = {**position, "id": f"call-{self._head['id']}", "type": "function", "function": function}
            said |= {"content": None, "tool_calls": [call]}
        return said


def _calls(reply: model.Calls) -> Iterator[model.Document]:
    """The pieces of the calls of a stream: name and id first, then the arguments in two halves."""
    for index, (name, given) in enumerate(reply.calls):
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        function = {"name": name, "arguments": ""}
        yield {"index": index, "id": f"call-{index}", "type": "function", "function": function}
        for half in (text[: len(text) // 2], text[len(text) // 2 :]):
            yield {"index": index, "function": {"arguments": half}}


def _document(request: model.Request, reply: model.Reply, dimension: int) -> Any:
    if isinstance(reply, model.Status):
        kind = "server_error" if reply.code >= 500 else "invalid_request_error"
        return {"error": {"message": reply.message, "type": kind, "param": None, "code": reply.error}}
    if model.chat(request):
        return _Completion(request, reply).document()
    if isinstance(reply, model.Json):
        return reply.document
    if model.embedding(request):
        return _embeddings(request, dimension)
    return {"object": "list", "data": [{"id": "scripted-model", "object": "model", "created": 0, "owned_by": "tests"}]}


def _embeddings(request: model.Request, dimension: int) -> model.Document:
    texts, data = model.input_texts(request), list[model.Document]()
    for index, text in enumerate(texts):
        vector = model.embed(text, request.body.get("dimensions") or dimension)
        packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        chosen = packed if request.body.get("encoding_format") == "base64" else vector
        data.append({"object": "embedding", "index": index, "embedding": chosen})
    usage = dict.fromkeys(("prompt_tokens", "total_tokens"), sum(len(text.split()) for text in texts))
    return {"object": "list", "model": request.body.get("model"), "data": data, "usage": usage}


async def main() -> None:
    """Serve the script named on the command line until interrupted."""
    parser = argparse.ArgumentParser(description="Serve a scripted model and print its base URL.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=model.read_script)
    options = parser.parse_args()
    async with ModelServer(options.script, port=options.port) as server:
        print(server.url, flush=True)  # noqa: T201  # the one line that the command is run for
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
