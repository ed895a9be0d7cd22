"""Attempts at an answer: which model is asked, how often, within one time budget, and what a failure means."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from typing import Protocol

import stamina
from langchain_core.messages import AIMessageChunk, AnyMessage

from nodes.answer.output import AnswerOutput, Draft
from nodes.answer.tool_rounds import Offered, ToolRounds
from nodes.errors import ContextTooLong, ModelError, ModelProblem, ModelRejected, ModelUnavailable, ToolsRejected
from nodes.text.pii.detection import OptionalKind

LONGEST_WAIT = 8.0
"""Seconds until the next attempt at most: a model that asks for more is not asked again, because a person waits."""
WORTH_IT = 0.2
"""The share of the time budget that must be left to begin a broken answer anew: below it, half an answer is better."""


_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("_deadline", default=None)


def out_of_time() -> bool:
    """Whether the time for the answer that this task writes is over; a model's client sees a cancellation."""
    deadline = _deadline.get()
    return deadline is not None and deadline.expired()


class Model(Protocol):
    """A chat model."""

    @property
    def label(self) -> str:
        """Its name as clients see it."""
        ...

    refusal: ModelProblem | None
    """Why every request is refused, as far as is known."""

    def stream(
        self, prompt: Sequence[AnyMessage], tools: Offered | None = None
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """The answer in pieces, calls of tools among them; the request is aborted when the generator is closed.

        Raises:
            ModelError: what came was no answer.
        """
        ...

    async def problem(self) -> ModelProblem | None:
        """Why it does not answer, as far as that shows without asking it anything."""
        ...

    async def ask(self) -> ModelProblem | None:
        """Ask it for a few tokens; returns why it does not answer."""
        ...


async def write(
    models: Sequence[Model],
    prompt: Sequence[AnyMessage],
    *,
    output: AnswerOutput,
    stop: asyncio.Event,
    seconds: float,
    attempts: int,
    so_far: str = "",
    also: Collection[OptionalKind] = (),
    tools: ToolRounds | None = None,
) -> Draft:
    """Have a model answer within `seconds`, the whole stream included, and send the answer out as it comes.

    Each model in its order gets `attempts` attempts before its first token, as long as another try can succeed.
    After that, a broken answer is begun anew once in all, while the time lasts, and retracted when the new one has its
    first word. Once `stop` is set nothing more is sent. Failures of a model are not raised: `error_code` names them,
    and `text` holds what was sent.

    Args:
        so_far: the beginning of the answer, where it is continued: it is sent before the first word, and where there
            is none by itself. The last three messages of the prompt ask for the rest then.
        also: kinds that are masked beside those that always are.
        tools: what the model may call for it.
    """
    writing = _Writing(output, seconds, attempts, so_far, also, tools)
    try:
        async with asyncio.timeout(seconds) as deadline, stoppable(stop):
            _deadline.set(deadline)
            await writing.ask(models, list(prompt))
    except Stopped:
        writing.draft.finish_reason = "stopped"
    except TimeoutError:
        writing.draft.error_code = "model_timeout"
        writing.draft.finish_reason = "timeout"
    finally:
        _deadline.set(None)
    if so_far and not writing.draft.text:
        writing.draft.text = so_far
        output.send(so_far)
    return writing.draft


class _Writing:
    """The work on one answer."""

    def __init__(
        self,
        output: AnswerOutput,
        seconds: float,
        attempts: int,
        so_far: str,
        also: Collection[OptionalKind],
        tools: ToolRounds | None,
    ) -> None:
        self.draft = Draft(so_far=so_far, also=also)
        self._asked = 3 if so_far else 1
        self._output = output
        self._seconds = seconds
        self._attempts = attempts
        self._tools = tools
        self._began = asyncio.get_running_loop().time()

    async def ask(self, models: Sequence[Model], prompt: list[AnyMessage]) -> None:
        """One model after the other, until one has answered."""
        draft = self.draft
        for model in models:
            draft.model = model.label
            try:
                await self._ask(model, prompt, last=model is models[-1])
            except ModelError as error:
                draft.error_code = error.code
            else:
                # What a filter cut off is no mistake of ours, and no other model goes on with it.
                draft.error_code = "model_filtered" if draft.finish_reason == "blocked" else None
                return
            if draft.breaks and (draft.breaks > 1 or not self._time_left()):
                break
        if draft.text and not self._time_left():
            draft.finish_reason = "timeout"

    async def _ask(self, model: Model, prompt: list[AnyMessage], *, last: bool) -> None:
        """One model, with what it can read."""
        while True:
            try:
                return await self._try(model, prompt, last=last)
            except ToolsRejected:
                if self._tools is None or not self._tools.schemas:
                    raise
                prompt = self._tools.refused(prompt)
            except ContextTooLong:
                middle = prompt[1 : -self._asked]  # between the system's words and the question
                if not middle:
                    raise
                prompt = [prompt[0], *middle[(len(middle) + 1) // 2 :], *prompt[-self._asked :]]
                self._output.shortened()

    async def _try(self, model: Model, prompt: list[AnyMessage], *, last: bool) -> None:
        tries = 0

        def again(error: Exception) -> bool | float:
            nonlocal tries
            tries += 1
            if self.draft.begun:
                self.draft.breaks += 1
                return self.draft.breaks == 1 and last and isinstance(error, ModelUnavailable) and self._time_left()
            if not isinstance(error, ModelUnavailable) or tries >= self._attempts:
                return False
            if error.retry_after is None:
                return True
            return error.retry_after if error.retry_after <= LONGEST_WAIT else False

        async for attempt in stamina.retry_context(
            on=again, attempts=self._attempts + 1, timeout=None, wait_initial=0.25, wait_max=4.0, wait_jitter=0.5
        ):
            with attempt:
                await self._listen(model, prompt)

    async def _listen(self, model: Model, prompt: Sequence[AnyMessage]) -> None:
        """One reply after the other, until one calls no tools; a later attempt goes on behind the last results."""
        draft, tools = self.draft, self._tools
        while True:
            draft.begin()
            draft.prompt = [*prompt, *tools.exchanged] if tools else list(prompt)
            offered = tools.offered if tools else None
            async with aclosing(model.stream(draft.prompt, offered)) as chunks:
                try:
                    async for chunk in chunks:
                        self._send(chunk)
                finally:
                    self._send(None)  # also where it was stopped, ran out of time or broke off
            calls = draft.calls if offered and offered.schemas and offered.may_call else []
            if not draft.begun and not calls:
                if draft.finish_reason == "blocked" and draft.standing:
                    return
                if draft.finish_reason == "blocked":
                    raise ModelRejected("model_filtered")
                raise ModelUnavailable("model_empty")
            if draft.finish_reason is None:
                raise ModelUnavailable("model_unreachable")  # every complete answer says why it ended
            if tools is None or not calls or draft.finish_reason == "blocked":
                return
            said = self._stand()
            await tools.answer(calls, said, self._output)

    def _stand(self) -> str:
        """Keep what was said before tools are called; returns what this reply adds to it."""
        draft = self.draft
        if not draft.begun and draft.text != draft.standing:  # of an attempt that broke off
            self._output.retract()
            draft.text = draft.standing
            if draft.text:
                self._output.send(draft.text)
        said = draft.text[len(draft.standing) :].strip()
        draft.stand()
        return said

    def _send(self, chunk: AIMessageChunk | None) -> None:
        """Send what a piece adds (None: the end of the attempt); first retract what an earlier attempt sent."""
        begins = not self.draft.begun
        replaces = begins and self.draft.text != self.draft.standing
        if text := self.draft.end() if chunk is None else self.draft.take(chunk):
            if replaces:
                self._output.retract()
            if begins and self.draft.first and (replaces or not self.draft.standing):
                self._output.send(self.draft.first)
            self._output.send(text)

    def _time_left(self) -> bool:
        passed = asyncio.get_running_loop().time() - self._began
        return passed <= self._seconds * (1 - WORTH_IT)


class Stopped(Exception):
    """The answer was asked to end."""


@asynccontextmanager
async def stoppable(stop: asyncio.Event) -> AsyncGenerator[None]:
    """Leave the block as soon as `stop` is set, at whatever it is waiting for.

    Raises:
        Stopped: it was set.
    """
    task = asyncio.current_task()
    assert task is not None
    asked = False

    async def watch() -> None:
        nonlocal asked
        await stop.wait()
        asked = True
        task.cancel()

    watching = asyncio.create_task(watch(), name="stop")
    try:
        yield
    except asyncio.CancelledError:
        # Another cancellation, of the whole run, may have come too: then it goes on.
        if asked and task.uncancel() == 0:
            raise Stopped from None
        raise
    finally:
        watching.cancel()
