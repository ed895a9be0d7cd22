"""How well earlier turns are found, and what lets too much or too little through the floor, on bench/recall.toml.

Prints for vectors alone, words alone and their sum how often a turn that answers the question is among the first ones;
and for several floors how often one is quoted, and how often something is quoted for another user's question or for an
unrelated message.

    .venv/bin/python -m bench.recall [FILE]
"""

import asyncio
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.environment import database
from graph.models.embeddings import MiniLM
from graph.training import embed
from nodes.trim_context import MAX_RECALLED
from storage.pool import Pool
from tests.nodes.recalling import NO_FLOOR, Asked, found, rank, store

FLOORS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


async def main(data: Mapping[str, Any]) -> None:
    """Measure and print."""
    minilm = MiniLM()
    unrelated = data.get("unrelated", [])
    messages = dict(zip(unrelated, await embed(minilm, unrelated), strict=True)) if unrelated else {}
    async with database() as url, Pool.open(url) as pool:
        asked = await store(pool, data["conversation"], minilm)
        await print_ranks(pool, asked)
        users = {one.told.user: one.told for one in asked}.values()
        others = [one._replace(told=told) for told in users for one in asked if one.told != told]
        for text, vector in messages.items():
            others += [Asked(text, vector.tolist(), told, set()) for told in users]
        for floor in FLOORS:
            await print_floor(pool, asked, others, floor)
    minilm.close()


async def print_ranks(pool: Pool, asked: list[Asked]) -> None:
    """How often an answering turn is among the first."""
    for name, model, words in (("vector", MiniLM.name, False), ("words", "none", True), ("sum", MiniLM.name, True)):
        turns = [await found(pool, one, floor=NO_FLOOR, model=model, words=words) for one in asked]
        ranks = [rank(places, one.evidence) for places, one in zip(turns, asked, strict=True)]
        shares = ", ".join(f"r@{k} {sum(place <= k for place in ranks)}/{len(ranks)}" for k in (1, 3, 4, 6))
        print(f"{name:8} {shares}")


async def print_floor(pool: Pool, asked: list[Asked], others: list[Asked], floor: float) -> None:
    """What a floor lets through."""
    quoted = [(await found(pool, one, floor=floor))[:MAX_RECALLED] for one in asked]
    right = sum(rank(turns, one.evidence) <= MAX_RECALLED for turns, one in zip(quoted, asked, strict=True))
    wrong = sum([bool(await found(pool, one, floor=floor)) for one in others])
    print(f"floor {floor}: found {right}/{len(asked)}, quoted for nothing {wrong}/{len(others)}")


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".toml")
    asyncio.run(main(tomllib.loads(file.read_text("utf-8"))))
