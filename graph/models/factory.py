"""Open the models that the settings name: for answers, for summaries and facts, for vectors, and for routing."""

import asyncio
import ctypes
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import NamedTuple

from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr
from structlog.stdlib import get_logger

from graph.database import Say
from graph.models import demo_model
from graph.models.chat import ChatModel, NoModel
from graph.models.embeddings import (
    Embedder,
    EmbeddingCache,
    MiniLM,
    ModelNotInstalled,
    NoEmbeddings,
    RemoteEmbeddings,
)
from graph.models.http_clients import HTTPClients, async_http_client, open_http_clients, sync_http_client
from graph.models.openai_client import NO_KEY
from graph.observability.tracing import Tracing
from graph.settings import Settings
from nodes.answer.attempts import Model
from nodes.answer.prepared import Prepare, PreparedAnswers, nothing_prepared
from nodes.extract_facts import Extract
from nodes.guard import Suspect
from nodes.injection import detect as injection
from nodes.questions.frames import FindFrames, Frames
from nodes.roll_summary import Summarise
from nodes.route import Classify, LearnedRouter, no_router
from nodes.routing.classifier import WEIGHTS, read_examples
from nodes.routing.spelling import Spelling
from nodes.text.linear_model import LinearModel

log = get_logger(__name__)

ANSWER_TOKENS = 800
DEMO_ANSWER_TOKENS = 120


class Models(NamedTuple):
    """The chat model, and what may be asked of it besides answers."""

    model: Model
    second: Model | None
    """Answers where the first cannot."""
    summarise: Summarise | None
    extract: Extract | None
    context_tokens: int
    answer_tokens: int
    calls_tools: bool = False
    """Whether it may be offered tools."""


class LocalModels(NamedTuple):
    """The local embedding model, and what was learned with it."""

    embedder: Embedder
    classify: Classify
    prepare: Prepare
    mend: Callable[[str], str]
    """What the router embeds of a message: mostly the message itself, whose embedding others need, too."""
    suspect: Suspect
    frames: FindFrames
    """What a question asks for: without a model by its words."""
    knows: Callable[[str], bool] = bool
    """Whether a word is a common one; without a model every word is, so that none is mended."""


async def open_models(settings: Settings, stack: AsyncExitStack, say: Say, tracing: Tracing | None = None) -> Models:
    """The model that answers: the one set, else the demo model if that is wanted, else none; closed with the stack."""
    if settings.remote_model:
        return _remote_models(settings, await stack.enter_async_context(open_http_clients()), tracing)
    if not settings.demo_model:
        return _no_model(settings)
    if command := await asyncio.to_thread(demo_model.missing):
        log.warning("no demo model: answers are prepared", install=command)
        return _no_model(settings)
    say("starting the demo model")
    try:
        address = await stack.enter_async_context(demo_model.running(settings.data_dir / "demo"))
    except demo_model.DemoModelError:
        log.exception("no demo model: answers are prepared")
        return _no_model(settings)
    model = ChatModel(
        demo_model.NAME,
        label=demo_model.LABEL,
        url=address.url,
        key=address.key,
        http=await stack.enter_async_context(open_http_clients()),
        seconds=settings.turn_timeout,
        max_tokens=DEMO_ANSWER_TOKENS,
        tracing=tracing,
    )
    return Models(model, None, None, None, min(demo_model.CONTEXT_TOKENS, settings.context_tokens), DEMO_ANSWER_TOKENS)


def _no_model(settings: Settings) -> Models:
    return Models(NoModel(), None, None, None, settings.context_tokens, ANSWER_TOKENS)


def _remote_models(settings: Settings, http: HTTPClients, tracing: Tracing | None) -> Models:
    shared = partial(ChatModel, http=http, seconds=settings.turn_timeout, max_tokens=ANSWER_TOKENS, tracing=tracing)

    def chat_model(name: str, url: str | None, key: SecretStr | None, key_variable: str) -> ChatModel:
        return shared(name, label=name, url=url, key=key, key_variable=key_variable)

    model = chat_model(settings.chat_model, settings.openai_base_url, settings.openai_api_key, "OPENAI_API_KEY")
    second = None
    if settings.second_model:
        elsewhere = settings.second_base_url is not None
        # A key goes to no server it was not given for.
        key = settings.second_api_key or (None if elsewhere else settings.openai_api_key)
        own = elsewhere or settings.second_api_key is not None
        variable = "FRONTDESK_SECOND_API_KEY" if own else "OPENAI_API_KEY"
        second = chat_model(settings.second_model, settings.second_base_url or settings.openai_base_url, key, variable)
    return Models(
        model, second, model.summarise, model.extract, settings.context_tokens, ANSWER_TOKENS, calls_tools=True
    )


@asynccontextmanager
async def open_embedder(settings: Settings, say: Say) -> AsyncGenerator[Embedder, None]:
    """The embedding model that memory is searched with, on its own, for the length of the block."""
    async with AsyncExitStack() as stack:
        if settings.remote_embeddings:
            yield await open_remote_embedder(settings, stack)
        else:
            yield (await stack.enter_async_context(open_local_models(say))).embedder


async def open_remote_embedder(settings: Settings, stack: AsyncExitStack, tracing: Tracing | None = None) -> Embedder:
    """The embedding model of the OpenAI-compatible server that the settings name; closed with the stack."""
    client = OpenAIEmbeddings(
        model=settings.embedding_model,
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key or NO_KEY,
        check_embedding_ctx_length=False,  # it would download a tokenizer; messages are short enough
        max_retries=1,
        timeout=5,
        http_async_client=await stack.enter_async_context(async_http_client()),  # one of its own it never closes
        http_client=sync_http_client(),
    )
    embedder = EmbeddingCache(RemoteEmbeddings(client, tracing))
    stack.push_async_callback(embedder.close)
    return embedder


@asynccontextmanager
async def open_local_models(say: Say) -> AsyncGenerator[LocalModels, None]:
    """The local embedding model, with what was trained with it, for the length of the block."""
    say("loading the embedding model")
    try:
        model, embedder, local = await asyncio.to_thread(load_local_models)
    except (ModelNotInstalled, ImportError) as error:
        log.warning(
            "no local embedding model: routing by rules, memory only with FRONTDESK_EMBEDDINGS=openai",
            install="pip install 'frontdesk[local]'",
            exc_info=error,
        )
        yield LocalModels(NoEmbeddings(), no_router, nothing_prepared, str, injection.no_classifier, Frames.load())
        return
    try:
        await local.classify("hello")  # the first time takes longer
        _return_freed_memory()
        yield local
    finally:
        await embedder.close()
        model.close()


def load_local_models() -> tuple[MiniLM, EmbeddingCache, LocalModels]:
    """The local embedding model, its cache, and what was trained with it; no thread runs yet.

    Raises:
        ModelNotInstalled, ImportError: there is none.
    """
    model = MiniLM()
    embedder = EmbeddingCache(model)
    router = _load_router(model, embedder)
    prepared = PreparedAnswers.load(embedder.embed)
    suspect = injection.InjectionClassifier(embedder.embed, LinearModel.load(injection.WEIGHTS))
    frames = Frames.load(embedder.embed)
    spelling = router.spelling
    return model, embedder, LocalModels(embedder, router, prepared, spelling.mend, suspect, frames, spelling.knows)


def _load_router(model: MiniLM, embedder: Embedder) -> LearnedRouter:
    texts = [text for texts in read_examples().values() for text in texts]
    return LearnedRouter(embedder.embed, LinearModel.load(WEIGHTS), Spelling(model.words(), texts))


def _return_freed_memory() -> None:
    """Give what was freed back to the operating system: after loading the model 60 MB, which glibc would keep."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
