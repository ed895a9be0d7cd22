"""Send a message: the one way in, for every client. However often a request is sent, it is one turn."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from langchain_core.messages import HumanMessage

from graph.turns.executor import TurnExecutor
from graph.turns.subscribe import LoggedTurn, Subscriptions
from graph.turns.turn import Turn, new_turn_id
from graph.turns.versions import version_of
from nodes.employees import find
from nodes.state import Input, Quoted, Version, WhileBusy
from nodes.stream_events import Refused, Start
from storage.errors import StorageUnavailable
from storage.health import DatabaseHealth
from storage.idempotency import IdempotencyKeys
from storage.misroutes import Misroutes
from storage.rate_limits import Allowance, RateLimits
from storage.turns import VersionKind
from storage.versions import Versions

POLL_SECONDS = 5.0
"""Seconds after which a turn of another process, which has not begun, is looked for again: that process may be dead."""


@dataclass(frozen=True)
class SendRequest:
    """A message to answer, checked for its form and nothing else."""

    user_id: UUID
    message: str | None
    """None where another answer to the same question is wanted, or its rest."""
    conversation_id: str | None = None
    """None begins a new conversation."""
    employee: str | None = None
    while_busy: WhileBusy = "wait"
    instead_of: UUID | None = None
    """The turn of this conversation that the wrong employee answered; `employee` is asked instead."""
    kind: VersionKind | None = None
    replaces: UUID | None = None
    """The turn that it is another version of, and how."""
    version: Version | None = None
    """What it is made of, once that was read."""
    temporary: bool = False
    """Whether the conversation is to be temporary, where this message begins it."""
    language: str | None = None
    """The client's, for what is said without a model; it makes no other request of the same."""
    quoted: tuple[Quoted, ...] = ()
    """What the client sent along as said before: for this turn's prompt only, and stored nowhere."""
    key: str | None = None
    """The idempotency key: the same key and request are the same turn."""

    @property
    def fingerprint(self) -> str:
        """Hash of all that a repeated request must have in common, in hex."""
        body: dict[str, object] = {
            "message": self.message,
            "conversation_id": self.conversation_id,
            "employee": self.employee,
            "while_busy": self.while_busy,
            "instead_of": str(self.instead_of) if self.instead_of else None,
            **({"temporary": True} if self.temporary else {}),  # else as in the release before, whose hashes are kept
        }
        if self.replaces:  # of other messages the hash is the one that earlier releases make
            body |= {"kind": self.kind, "replaces": str(self.replaces)}
        if self.quoted:
            body["quoted"] = self.quoted
        return sha256(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


class ShuttingDown(Exception):
    """No more turns are begun in this process."""


class TooManyTurns(Exception):
    """As many turns run in this process as may."""


class KeyMismatch(Exception):
    """The idempotency key stands for another request."""


class UnknownTurn(Exception):
    """The conversation has no turn that `instead_of`, or another version, could mean."""


class InvalidMisroute(Exception):
    """`instead_of` does not name an answer of another employee; the message says what is wrong."""


class TurnRefused(Exception):
    """The turn was refused before it started.

    Args:
        refusal: why.
        allowance: what the rate limit leaves, where that is known.
    """

    def __init__(self, refusal: Refused, allowance: Allowance | None) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.allowance = allowance


@dataclass(frozen=True)
class SentTurn:
    """A turn that answers a message, and has begun."""

    turn: Turn | LoggedTurn
    start: Start
    allowance: Allowance | None
    """What the rate limit leaves, where that is known."""


class Sending:
    """A message on its way, in a task of its own: a client that leaves stops nothing.

    Args:
        send: sends the message, and returns its turn once that has begun.
    """

    def __init__(self, send: "Callable[[Sending], Coroutine[Any, Any, SentTurn]]") -> None:
        self.turn: Turn | LoggedTurn | None = None
        """As soon as it is known, which is before it has begun where its conversation is busy."""
        self.task = asyncio.create_task(send(self))
        # Where nobody waits any more, a refusal is told to nobody; asking for it keeps asyncio from reporting a fault.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def begun(self, within: float | None = None) -> SentTurn | None:
        """The turn once it has begun; None where it has not after these seconds. Raises as `TurnManager.send` says."""
        await asyncio.wait({self.task}, timeout=within)
        return self.task.result() if self.task.done() else None


class TurnManager:
    """Begins turns, and finds those that were begun for the same idempotency key."""

    def __init__(
        self,
        executor: TurnExecutor,
        keys: IdempotencyKeys,
        subscriptions: Subscriptions,
        misroutes: Misroutes,
        versions: Versions,
        limits: RateLimits,
        health: DatabaseHealth,
    ) -> None:
        self._executor = executor
        self._registry = executor.registry
        self._keys = keys
        self._subscriptions = subscriptions
        self._misroutes = misroutes
        self._versions = versions
        self._limits = limits
        self._health = health
        self._sending: set[asyncio.Task[SentTurn]] = set()
        self._claiming: WeakValueDictionary[tuple[UUID, str], asyncio.Lock] = WeakValueDictionary()

    def send(self, request: SendRequest) -> Sending:
        """Answer a message, whether this request begins its turn or the same one did before.

        `Sending.begun` returns the turn once it has begun, or raises:
            TurnRefused: it was turned away, and is not stored.
            KeyMismatch, UnknownTurn, InvalidMisroute, InvalidVersion: the request contradicts itself.
            ShuttingDown, TooManyTurns: no more turns are begun here, or none for now.
            StorageUnavailable: the database went away meanwhile.
        """
        sending = Sending(lambda sending: self._send(request, sending))
        self._sending.add(sending.task)  # the loop itself keeps no task from being collected
        sending.task.add_done_callback(self._sending.discard)
        return sending

    async def _send(self, request: SendRequest, sending: Sending) -> SentTurn:
        if request.replaces and request.kind:
            request = await self._with_version(request, request.replaces, request.kind)
        if request.instead_of:
            await self._record_misroute(request, request.instead_of)
        turn, opening = await self._open(request, sending)
        allowance = turn.allowance or await self._remaining(request.user_id)
        if isinstance(opening, Refused):
            raise TurnRefused(opening, allowance)
        return SentTurn(turn, opening, allowance)

    async def _with_version(self, request: SendRequest, turn_id: UUID, kind: VersionKind) -> SendRequest:
        """The request with what is known of the turn that it replaces."""
        original = await self._versions.original(request.user_id, turn_id)
        if original is None or request.conversation_id not in (None, original["conversation_id"]):
            raise UnknownTurn
        return replace(
            request,
            message=original["message"] if request.message is None else request.message,
            conversation_id=original["conversation_id"],
            version=version_of(original, turn_id, kind),
        )

    async def _record_misroute(self, request: SendRequest, turn_id: UUID) -> None:
        """Record that the wrong employee was chosen before; it holds also where this message is refused."""
        wanted = find(request.employee)
        if wanted is None or request.conversation_id is None:
            raise InvalidMisroute("instead_of: needs the employee to ask instead, and the conversation of that turn")
        chosen = await self._misroutes.record(request.user_id, request.conversation_id, turn_id, wanted.slug)
        if chosen is None:
            raise UnknownTurn
        if chosen == wanted.slug:
            raise InvalidMisroute("instead_of: that turn was answered by the same employee")

    async def _open(self, request: SendRequest, sending: Sending) -> tuple[Turn | LoggedTurn, Start | Refused]:
        """The turn, once it has begun or was refused, as long as there is a database.

        A database that stands still would keep its client waiting for ever, so the turn is given up then.
        """
        turn: Turn | LoggedTurn | None = None
        try:
            with self._health.required():
                turn = sending.turn = await self._begun_or_found(request)
                if opening := await turn.opened():
                    return turn, opening
        except StorageUnavailable:
            if turn:
                self._registry.give_up(turn.turn_id)
            raise
        raise StorageUnavailable  # another process goes on with it, once there is a database

    async def _begun_or_found(self, request: SendRequest) -> Turn | LoggedTurn:
        """A new turn, or the one that the request's key names, as soon as that has begun."""
        if request.key is None:
            return self._begin(request, new_turn_id())
        finding = asyncio.create_task(self._find(request, request.key))
        try:
            return await asyncio.shield(finding)
        finally:
            finding.cancel()  # not waited for: a database that stands still cancels nothing

    async def _find(self, request: SendRequest, key: str) -> Turn | LoggedTurn:
        """The turn that the key names, as soon as it has begun; it is begun here if the key names none."""
        found = await self._claim(request, key)
        while isinstance(found, UUID):
            async with self._subscriptions.notified(found) as news:
                again = await self._claim(request, key)  # it may have begun before we listened
                while again == found:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), POLL_SECONDS)
                    news.clear()
                    again = await self._claim(request, key)
            found = again
        return found

    async def _claim(self, request: SendRequest, key: str) -> Turn | LoggedTurn | UUID:
        """The turn that the key names; it is begun here if the key names none.

        Only its id where another process has it and it has not begun: the key may become free again.
        """
        # Of two requests of this process the second finds the turn of the first.
        async with self._claiming.setdefault((request.user_id, key), asyncio.Lock()):
            claim = await self._keys.claim(request.user_id, key, request.fingerprint, new_turn_id())
            turn = self._registry.find_any(request.user_id, claim["turn_id"])
            if turn and turn.is_over and not turn.start:  # refused: nothing is kept of it
                await self._keys.give_up(request.user_id, turn.turn_id)
                claim, turn = await self._keys.claim(request.user_id, key, request.fingerprint, new_turn_id()), None
            if claim["mine"]:
                try:
                    return self._begin(request, claim["turn_id"])
                except (ShuttingDown, TooManyTurns):
                    await self._keys.give_up(request.user_id, claim["turn_id"])
                    raise
        if claim["body_hash"] != request.fingerprint:
            raise KeyMismatch
        found = turn or await self._subscriptions.begun(request.user_id, claim["turn_id"])
        if found is None and self._registry.closing:
            raise ShuttingDown
        return found or claim["turn_id"]

    def _begin(self, request: SendRequest, turn_id: UUID) -> Turn:
        if self._registry.closing:
            raise ShuttingDown
        if self._registry.is_full:
            raise TooManyTurns
        conversation_id = request.conversation_id or str(uuid4())
        given = Input(
            messages=[HumanMessage(request.message or "", id=str(turn_id))],
            conversation_id=conversation_id,
            employee=request.employee,
            while_busy=request.while_busy,
            version=request.version,
            temporary=request.temporary,
            language=request.language,
        )
        return self._executor.begin(
            request.user_id, turn_id, conversation_id, given, has_key=request.key is not None, quoted=request.quoted
        )

    async def _remaining(self, user_id: UUID) -> Allowance | None:
        """What the limit leaves a user whose message never came as far as the limit; None where that is unknown."""
        try:
            return await self._limits.peek(user_id)
        except StorageUnavailable:
            return None
