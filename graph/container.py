"""Put the program together: open the models and what the nodes need, once per process."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import httpx2
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr
from structlog.stdlib import get_logger

from graph.database import Say
from graph.dependencies import Options, Parts
from graph.models import demo_model
from graph.models import local_embeddings as minilm
from graph.models.chat import ChatModel, NoModel
from graph.models.embeddings import Embedder, EmbeddingCache, LearnedRouter, NoEmbeddings, RemoteEmbeddings, no_router
from graph.models.http_client import NO_KEY, async_http_client, sync_http_client
from graph.observability.tracing import Tracing
from graph.settings import Settings
from nodes.answer.attempts import Model
from nodes.extract_facts import Extract
from nodes.roll_summary import Summarise
from nodes.route import Classify
from storage.conversation_queue import Queue
from storage.event_log import News
from storage.fact_search import FactSearch
from storage.facts import Facts
from storage.messages import Messages
from storage.metrics import Metrics
from storage.pool import Pool
from storage.rate_limits import RateLimits
from storage.summaries import Summaries
from storage.turns import Turns

log = get_logger(__name__)

VECTORS = "examples.npz"
"""The file under the data directory that keeps the vectors of the routing examples."""

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


class Local(NamedTuple):
    """The local embedding model, and the router learned with it."""

    embedder: Embedder
    classify: Classify


@asynccontextmanager
async def open_parts(
    settings: Settings,
    url: str,
    say: Say,
    local: Local | None = None,
    owner: UUID | None = None,
    pool: Pool | None = None,
    news: News | None = None,
    tracing: Tracing | None = None,
) -> AsyncGenerator[Parts, None]:
    """Everything the nodes need, over the migrated database at `url`, for the length of the block.

    Args:
        local: the embedding model with its router, where it is loaded already.
        owner: the process that runs turns on a lease; None where none of ours does.
        pool: connections of somebody who wants to watch them; else some of its own.
        news: hears when a message that waits may go on; without it waiting looks again and again.
        tracing: hears of what models are asked, where somebody traces.
    """
    async with AsyncExitStack() as stack:
        # Side by side: each keeps a core busy for a second or two.
        loading = local_embeddings(say, settings.data_dir)
        learning = asyncio.create_task(_given(local) if local else stack.enter_async_context(loading))
        models = await open_models(settings, stack, say, tracing)
        local = await learning
        remote = settings.remote_embeddings
        embedder = await _remote_embedder(settings, stack, tracing) if remote else local.embedder
        if pool is None:
            pool = await stack.enter_async_context(Pool.open(url, accept_timeout=settings.accept_timeout))
        messages = Messages(pool)
        yield Parts(
            options=_options(settings, models),
            clock=even_clock(),
            limits=RateLimits(pool, settings.rate_limit),
            queue=Queue(pool, owner, news),
            classify=local.classify,
            who_answered=messages,
            conversations=messages,
            embed=embedder.embed,
            embedding_model=embedder.name,
            recall=await stack.enter_async_context(
                FactSearch.open(url, model=embedder.name, statement_timeout=settings.memory_timeout)
            ),
            model=models.model,
            second=models.second,
            turns=Turns(pool, owner),
            summarise=models.summarise,
            summaries=Summaries(pool),
            extract=models.extract,
            facts=Facts(pool, embedder.name),
            metrics=Metrics(pool),
        )


def even_clock() -> Callable[[], float]:
    """Unix time that goes on evenly when the machine's clock is set: what is between two readings really passed."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def _options(settings: Settings, models: Models) -> Options:
    return Options(
        max_chars=settings.max_input_chars,
        context_tokens=models.context_tokens,
        answer_tokens=models.answer_tokens,
        attempts=settings.attempts,
        turn_seconds=settings.turn_timeout,
        memory_seconds=settings.memory_timeout,
    )


async def open_models(settings: Settings, stack: AsyncExitStack, say: Say, tracing: Tracing | None = None) -> Models:
    """The model that answers: the one brought along, else the demo model, else none; closed with the stack."""
    if settings.remote_model:
        return _remote_models(settings, await stack.enter_async_context(async_http_client()), tracing)
    log.warning("no model of your own: summaries are extracts and no facts are learned")
    if not await asyncio.to_thread(demo_model.installed):
        return Models(NoModel(), None, None, None, settings.context_tokens, ANSWER_TOKENS)
    say("starting the demo model")
    try:
        address = await stack.enter_async_context(demo_model.running(settings.data_dir / "demo"))
    except demo_model.DemoModelError:
        log.exception("answers will be prepared replies")
        return Models(NoModel(), None, None, None, settings.context_tokens, ANSWER_TOKENS)
    model = ChatModel(
        demo_model.NAME,
        label=demo_model.LABEL,
        url=address.url,
        key=address.key,
        http=await stack.enter_async_context(async_http_client()),
        seconds=settings.turn_timeout,
        max_tokens=DEMO_ANSWER_TOKENS,
        tracing=tracing,
    )
    return Models(model, None, None, None, min(demo_model.CONTEXT_TOKENS, settings.context_tokens), DEMO_ANSWER_TOKENS)


def _remote_models(settings: Settings, http: httpx2.AsyncClient, tracing: Tracing | None) -> Models:
    shared = partial(ChatModel, http=http, seconds=settings.turn_timeout, max_tokens=ANSWER_TOKENS, tracing=tracing)

    def chat_model(name: str, url: str | None, key: SecretStr | None) -> ChatModel:
        return shared(name, label=name, url=url, key=key)

    model = chat_model(settings.chat_model, settings.openai_base_url, settings.openai_api_key)
    second = None
    if settings.second_model:
        elsewhere = settings.second_base_url is not None
        # A key goes to no server it was not given for.
        key = settings.second_api_key or (None if elsewhere else settings.openai_api_key)
        second = chat_model(settings.second_model, settings.second_base_url or settings.openai_base_url, key)
    return Models(model, second, model.summarise, model.extract, settings.context_tokens, ANSWER_TOKENS)


@asynccontextmanager
async def open_embedder(settings: Settings, say: Say) -> AsyncGenerator[Embedder, None]:
    """The embedding model that memory is searched with, on its own, for the length of the block."""
    async with AsyncExitStack() as stack:
        if settings.remote_embeddings:
            yield await _remote_embedder(settings, stack)
        else:
            yield (await stack.enter_async_context(local_embeddings(say, settings.data_dir))).embedder


async def _remote_embedder(settings: Settings, stack: AsyncExitStack, tracing: Tracing | None = None) -> Embedder:
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


async def _given(local: Local) -> Local:
    return local


@asynccontextmanager
async def local_embeddings(say: Say, folder: Path | None = None) -> AsyncGenerator[Local, None]:
    """The local embedding model with the router that learned with it (which also warms both up), for the block."""
    say("loading the embedding model")
    try:
        model = await asyncio.to_thread(minilm.MiniLM)
    except (minilm.ModelNotInstalled, ImportError) as error:
        log.warning("routing by rules, no memory", exc_info=error)
        yield Local(NoEmbeddings(), no_router)
        return
    embedder = EmbeddingCache(model)
    try:
        yield Local(embedder, await LearnedRouter.train(model, embedder.embed, folder / VECTORS if folder else None))
    finally:
        model.close()
