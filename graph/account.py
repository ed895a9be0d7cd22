"""The account of a user: what is stored of them, and what they may do with it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from graph.turns.registry import TurnRegistry
from storage.account_export.export import Export
from storage.conversations import Conversations
from storage.insights import AllInsights
from storage.metrics_queries import AllFigures
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.rate_limits import Limits
from storage.turn_records import TurnRecords
from storage.user_facts import KnownFact, Memory
from storage.users import Users

Embed = Callable[[str], Awaitable[list[float]]]


class Account:
    """The accounts of all users.

    Args:
        pool: connections.
        exports: others for exports: someone who reads a long one slowly must not stand in anybody's way.
        registry: the turns of this process.
        embed: reads the whole of a fact; raises EmbeddingUnavailable.
        model: the name of the embedding model behind `embed`.
        limits: what users may do.
    """

    def __init__(
        self, pool: Pool, exports: Pool, registry: TurnRegistry, embed: Embed, model: str, limits: Limits
    ) -> None:
        self.conversations = Conversations(pool)
        self.memory = Memory(pool, model)
        self.turns = TurnRecords(pool)
        self.misroutes = Misroutes(pool)
        self.figures = AllFigures(pool)
        self.insights = AllInsights(pool)
        self.export = Export(exports)
        self._users = Users(pool)
        self._registry = registry
        self._embed = embed
        self._limits = limits

    async def delete_conversation(self, user_id: UUID, conversation_id: str) -> bool:
        """Take it away with all that came of it, an answer that is being written too; says whether it was there."""
        await self._registry.delete(user_id, conversation_id)
        return await self.conversations.delete(user_id, conversation_id)

    async def correct_fact(self, user_id: UUID, fact_id: UUID, fact: str) -> KnownFact | None:
        """Put other words in a fact's place, found by their own meaning; None where it is not there.

        Raises:
            EmbeddingUnavailable: their meaning cannot be had just now; nothing is changed.
            FactKnown: another fact says the same.
        """
        return await self.memory.correct(user_id, fact_id, fact, await self._embed(fact))

    async def erase_account(self, user_id: UUID) -> None:
        """Take away everything that is kept of the user; their numbers stay, without them."""
        await self._registry.delete(user_id)
        await self._limits.carry_over(user_id)
        await self._users.erase(user_id)
