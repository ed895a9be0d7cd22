"""What users read, change and delete of their own data, as the API offers it."""

from collections.abc import Callable
from uuid import UUID

from graph.costs import Costs
from graph.prices import Prices
from graph.references import OpenReferences
from graph.turns.registry import TurnRegistry
from nodes.errors import EmbeddingUnavailable
from nodes.tools.tool import Desk
from storage.account_export.exporter import AccountExporter
from storage.admin_audit import AdminAudit
from storage.api_keys import ApiKeys
from storage.conversations import Conversations
from storage.facts import Embed
from storage.feedback import FeedbackOnTurns
from storage.finance.pages import FoundPage
from storage.finance.references import References
from storage.insights import InsightsQueries
from storage.metrics_queries import MetricsQueries
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.rate_limits import RateLimits
from storage.thread_runs import ThreadRuns
from storage.threads import Threads
from storage.turn_metrics import TurnMetricsQueries
from storage.turn_records import TurnRecords
from storage.user_facts import UserFact, UserFacts
from storage.users import Users
from storage.versions import Versions


class UserData:
    """Stored data of all users, and the operations that also concern running turns, embeddings or rate limits.

    Args:
        pool: connections.
        exports: how many exports may hold one of them at once.
        registry: the turns of this process.
        embed: embeds the whole of a fact; raises EmbeddingUnavailable.
        model: the name of the embedding model behind `embed`.
        limits: rate limits.
        prices: what models cost.
        desk: documents, accounts, transactions and plans.
        document_arrived: has the next document read at once.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        exports: int,
        registry: TurnRegistry,
        embed: Embed,
        model: str,
        limits: RateLimits,
        prices: Prices,
        desk: Desk,
        document_arrived: Callable[[], None],
    ) -> None:
        self.conversations = Conversations(pool)
        self.facts = UserFacts(pool, model)
        self.turns = TurnRecords(pool)
        self.threads = Threads(pool)
        self.thread_runs = ThreadRuns(pool)
        self.misroutes = Misroutes(pool)
        self.versions = Versions(pool)
        self.feedback = FeedbackOnTurns(pool)
        self.metrics = MetricsQueries(pool)
        self.turn_metrics = TurnMetricsQueries(pool)
        self.costs = Costs(pool, prices)
        self.audit = AdminAudit(pool)
        self.insights = InsightsQueries(pool)
        self.exporter = AccountExporter(pool, at_once=exports)
        self.users = Users(pool)
        self.keys = ApiKeys(pool)
        self.desk = desk
        self.references = OpenReferences(References(pool), desk)
        self._registry = registry
        self._embed = embed
        self._limits = limits
        self.document_arrived = document_arrived

    async def delete_conversation(self, user_id: UUID, conversation_id: str) -> bool:
        """Delete a conversation with all that came of it, including a running answer; returns whether it existed."""
        await self._registry.delete(user_id, conversation_id)
        return await self.conversations.delete(user_id, conversation_id)

    async def correct_fact(self, user_id: UUID, fact_id: UUID, fact: str) -> UserFact | None:
        """Replace the text of a fact and its embedding; None where the user has none of that id.

        Raises:
            EmbeddingUnavailable: the embedding could not be computed; nothing is changed.
            DuplicateFact: another fact says the same.
        """
        return await self.facts.correct(user_id, fact_id, fact, await self._embed(fact))

    async def find_pages(self, user_id: UUID, words: str, *, limit: int) -> list[FoundPage]:
        """Pages of documents that have the words, or are about the same as far as that can be told."""
        try:
            vector = await self._embed(words)
        except EmbeddingUnavailable:
            vector = None
        return await self.desk.pages.find(user_id, words, vector, limit=limit)

    async def erase_account(self, user_id: UUID) -> None:
        """Delete everything stored about the user; metrics stay, without the user id."""
        await self._registry.delete(user_id)
        await self._limits.carry_over(user_id)
        await self.users.erase(user_id)
