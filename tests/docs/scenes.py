"""What has to be the case while an example's command runs: what the model says, what else is going on."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from uuid import UUID

from api.routes import chat
from nodes import wait_for_conversation
from tests.support.app import Frontdesk, read_events
from tests.support.database import rows
from tests.support.desk import fill
from tests.support.listening import listening, until
from tests.support.model_script import Calls, Cut, Gate, Hang, Json, Text, streaming, structured
from tests.support.model_server import ModelServer

Variables = Mapping[str, str]
Scene = Callable[[], AbstractAsyncContextManager[Variables]]


class Scenes:
    """The scenes, each under the name of its example with `_` for `-`; they yield variables for the shell.

    Args:
        frontdesk: where the examples are played.
        strict: another server, which takes one message a minute.
        local: another one, in local mode.
        model: answers all of them.
        ada: whose examples they are.
        bob: somebody else.
    """

    def __init__(
        self, frontdesk: Frontdesk, strict: Frontdesk, local: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
    ) -> None:
        self._frontdesk = frontdesk
        self._strict = strict
        self._local = local
        self._model = model
        self._ada = ada
        self._bob = bob
        self._first_answer = ""

    @asynccontextmanager
    async def of(self, name: str) -> AsyncGenerator[Variables]:
        """The scene of this example; most need none."""
        scene: Scene | None = getattr(self, name.replace("-", "_"), None)
        if scene is None:
            yield {}
        else:
            async with scene() as variables:
                yield variables

    @asynccontextmanager
    async def chat(self) -> AsyncGenerator[Variables]:
        """Two tokens, the second once the first is out; a fact is learned."""
        gate = asyncio.Event()
        self._model.queue(Gate(["You can write off ", "what you use for the business only."], gate), streaming)
        self._model.queue(Json({"facts": [_fact("The user has a side business.")]}), structured)

        async def open_gate() -> None:
            await self._first_word()
            gate.set()

        async with _meanwhile(open_gate):
            yield {}

    @asynccontextmanager
    async def restarted(self) -> AsyncGenerator[Variables]:
        """The model breaks off once."""
        self._model.queue(Cut(["Your VAT "]), streaming)
        self._model.queue(Text(["It is due on the 15th."]), streaming)
        yield {}

    @asynccontextmanager
    async def tools(self) -> AsyncGenerator[Variables]:
        """Somebody who has an account asks for a figure."""
        await fill(self._frontdesk.service.url, self._bob, ("2026-03-03", "-412.50", "Corner Market"))
        self._model.queue(Calls([("totals", {"since": "2026-03-01", "until": "2026-03-31"})]), streaming)
        self._model.queue(Text(["You spent 412.50 € ", "in March."]), streaming)
        yield {"TOKEN": token(self._frontdesk, self._bob)}

    @asynccontextmanager
    async def upload(self) -> AsyncGenerator[Variables]:
        """Their files are those of who has the account."""
        yield {"TOKEN": token(self._frontdesk, self._bob)}

    @asynccontextmanager
    async def document(self) -> AsyncGenerator[Variables]:
        """It was read meanwhile."""
        async with self._frontdesk.client(self._bob) as client:
            while (await client.get("/documents")).json()["items"][0]["status"] != "ready":
                pass
        yield {"TOKEN": token(self._frontdesk, self._bob)}

    reference = upload

    @asynccontextmanager
    async def regenerate(self) -> AsyncGenerator[Variables]:
        """A message was answered."""
        answer = await self._frontdesk.chat(self._ada, "I spend too much on food", conversation_id="groceries")
        self._model.queue(Text(["Set a limit ", "for each week."]), streaming)
        self._first_answer = answer.headers["x-turn-id"]
        yield {"TURN": self._first_answer}

    @asynccontextmanager
    async def around(self) -> AsyncGenerator[Variables]:
        """The same message was answered again."""
        yield {"TURN": self._first_answer}

    @asynccontextmanager
    async def activate(self) -> AsyncGenerator[Variables]:
        """The same message was answered again."""
        yield {"TURN": self._first_answer}

    @asynccontextmanager
    async def go_on(self) -> AsyncGenerator[Variables]:
        """An answer was cut."""
        self._model.queue(Text(["Saving a tenth "], finish_reason="length"), streaming)
        cut = await self._frontdesk.chat(self._ada, "How do I begin to save?", conversation_id="first-savings")
        self._model.queue(Text(["of each wage ", "is a good start."]), streaming)
        yield {"TURN": cut.headers["x-turn-id"]}

    @asynccontextmanager
    async def deleted(self) -> AsyncGenerator[Variables]:
        """The conversation is deleted while it is answered."""
        self._model.queue(Hang(["Let me see. "]), streaming)

        async def delete() -> None:
            await self._first_word()
            async with self._frontdesk.client(self._ada) as client:
                await client.delete("/conversations/short-lived")

        async with _meanwhile(delete):
            yield {}

    @asynccontextmanager
    async def mismatch(self) -> AsyncGenerator[Variables]:
        """The key stands for another message."""
        key = {"Idempotency-Key": "8f14e45f"}
        async with self._frontdesk.client(self._ada) as client:
            await client.post("/chat", json={"message": "Hello"}, headers=key)
        yield {}

    @asynccontextmanager
    async def busy(self) -> AsyncGenerator[Variables]:
        """The conversation is being answered."""
        async with self._answering("savings"):
            yield {}

    @asynccontextmanager
    async def late_refusal(self) -> AsyncGenerator[Variables]:
        """The conversation is being answered, and no message waits for long; the status goes out at once."""
        before = chat.STATUS_SECONDS, wait_for_conversation.MAX_WAIT
        async with self._answering("pension"):
            chat.STATUS_SECONDS, wait_for_conversation.MAX_WAIT = 0.0, 0.3
            try:
                yield {}
            finally:
                chat.STATUS_SECONDS, wait_for_conversation.MAX_WAIT = before

    @asynccontextmanager
    async def audit(self) -> AsyncGenerator[Variables]:
        """An administrator asks."""
        yield {"ADMIN": token(self._frontdesk, self._bob, admin=True)}

    @asynccontextmanager
    async def stop(self) -> AsyncGenerator[Variables]:
        """An answer is being written."""
        async with self._answering("trends") as turn:
            yield {"TURN": turn}

    @asynccontextmanager
    async def rate_limited(self) -> AsyncGenerator[Variables]:
        """The user has sent all the messages of a minute."""
        await self._strict.chat(self._bob, "Hello")
        yield {"FRONTDESK": self._strict.url, "TOKEN": token(self._strict, self._bob)}

    @asynccontextmanager
    async def cookie(self) -> AsyncGenerator[Variables]:
        """A server in local mode."""
        yield {"FRONTDESK": self._local.url}

    @asynccontextmanager
    async def metrics(self) -> AsyncGenerator[Variables]:
        """An administrator asks."""
        yield {"ADMIN": token(self._frontdesk, self._bob, admin=True)}

    @asynccontextmanager
    async def _answering(self, conversation: str) -> AsyncGenerator[str]:
        """An answer in this conversation stands still after its first words; yields its turn."""
        self._model.queue(Hang(["Last month you spent "]), streaming)
        async with listening(self._frontdesk, self._ada, "Hello", conversation_id=conversation) as events:
            turn = (await until(events, "token"))[0].data["turn_id"]
            yield str(turn)
            async with self._frontdesk.client(self._ada) as client:
                await client.post(f"/turns/{turn}/stop")
            await until(events, "done")

    async def _first_word(self) -> None:
        """Return once the first word of the answer that is being written is out."""
        unanswered = (
            "select t.turn_id::text from chat_turns t where not exists ("
            " select from chat_messages m where m.turn_id = t.turn_id and m.role = 'assistant')"
        )
        while not (found := await rows(self._frontdesk.service.url, unanswered)):  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.01)
        async with (
            self._frontdesk.client(self._ada) as client,
            client.stream("GET", f"/turns/{found[0][0]}/events") as response,
            aclosing(read_events(response)) as events,
        ):
            await until(events, "token")


def token(frontdesk: Frontdesk, user: UUID, *, admin: bool = False) -> str:
    """A bearer token of this user."""
    return frontdesk.signed_in(user, admin=admin)["Authorization"].removeprefix("Bearer ")


def _fact(text: str) -> dict[str, object]:
    return {"fact": text, "confidence": 0.95, "replaces": []}


@asynccontextmanager
async def _meanwhile(work: Callable[[], Coroutine[None, None, None]]) -> AsyncGenerator[None]:
    """Do this while the block runs, which must not end without it."""
    task = asyncio.create_task(work())
    yield
    await asyncio.wait_for(task, 60)
