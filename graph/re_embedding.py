"""Re-embedding: gives each fact a vector of the present embedding model, after another one was set.

Until a fact has one it is not recalled.
"""

import asyncio
from itertools import groupby
from uuid import UUID, uuid4

from structlog.stdlib import get_logger

from graph.supervision import Tick
from nodes.errors import EmbeddingUnavailable
from nodes.extract_facts import Embed
from storage.errors import StorageUnavailable
from storage.fact_vectors import FIRST, FactKey, FactVectors

log = get_logger(__name__)

ROUND_SECONDS = 300.0
"""Seconds from the end of a walk through all facts, or from a failure, until it goes on."""
BATCH = 100
"""Facts that are looked for at once."""
PAUSE = 0.05
"""Seconds between two facts: an answer's own embedding waits for one at most, and the processor has time for others."""


class ReEmbedding:
    """Walks through the facts without a vector of the model, and embeds them.

    Several processes do no harm to each other; each begins elsewhere, so that they seldom embed the same fact.

    Args:
        embed: makes the vectors.
        every: seconds between two walks.
    """

    def __init__(self, vectors: FactVectors, embed: Embed, *, every: float = ROUND_SECONDS) -> None:
        self._vectors = vectors
        self._embed = embed
        self._every = every
        self._after = FactKey(uuid4(), UUID(int=0))
        self._began_in_the_middle = True

    async def run(self, tick: Tick) -> None:
        """Walk again and again, until cancelled."""
        while True:
            more = False
            try:
                more = await self.embed_batch(tick)
            except EmbeddingUnavailable:
                log.warning("facts cannot be embedded anew, the embedding model is away")
            except StorageUnavailable:
                log.warning("facts cannot be embedded anew, the database is away")
            tick()
            if not more:
                await asyncio.sleep(self._every)

    async def embed_batch(self, tick: Tick) -> bool:
        """Embed the next facts; returns whether the walk goes on. A fact that fails is left to the next walk.

        Raises:
            EmbeddingUnavailable: the embedding model is away.
            StorageUnavailable: the database is away.
        """
        found = await self._vectors.missing(self._after, limit=BATCH)
        if not found:
            more, self._began_in_the_middle = self._began_in_the_middle, False
            self._after = FIRST
            return more
        for user_id, keys in groupby(found, key=lambda key: key.user_id):
            for fact in await self._vectors.read(user_id, [key.fact_id for key in keys]):
                self._after = FactKey(user_id, fact.fact_id)
                await self._vectors.add(user_id, fact, await self._embed(fact.fact, whole=True))
                tick()
                await asyncio.sleep(PAUSE)
        self._after = found[-1]
        log.info("facts embedded anew", facts=len(found))
        return True
