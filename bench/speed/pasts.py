"""Users with a past: many facts, long conversations. What they cost, beside users without."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from bench.speed import seed
from bench.speed.cases import GAP, Case, Target, measure, measure_in_turn
from bench.speed.findings import Rounds
from bench.speed.frontdesk import Conversation, Database, request
from bench.speed.stand_in import LOOK_IT_UP

USERS = 8
"""Of the same past, so that their conversations hardly grow while they are measured."""
LARGE_USERS = 2_000
TURNS = 12

BASE, NEW, FIRST, LONG, GROWN, MANY, LARGE = "base", "new", "first", "long", "grown", "many", "large"
DESK, TOOL = "desk", "tool"
TITLES: Mapping[str, str] = {
    BASE: "bare ChatOpenAI",
    NEW: "a new user",
    FIRST: f"{seed.FACTS} facts, a new conversation",
    LONG: f"{seed.FACTS} facts, a conversation of {2 * seed.LONG_TURNS} messages",
    GROWN: f"{seed.FACTS} facts, turn {seed.GROWN_TURNS + 1:,} of a conversation",
    MANY: f"{seed.MANY_FACTS:,} facts, a new conversation",
    DESK: f"{seed.ROWS:,} transactions, a new conversation",
    TOOL: f"{seed.ROWS:,} transactions, a new conversation, one tool call",
    LARGE: f"one of {LARGE_USERS:,} users with {seed.FACTS} facts each, a new conversation",
}


class Pasts:
    """The kinds of users, each as a function that makes the n-th request of its kind."""

    def __init__(self, kinds: Mapping[str, Callable[[int], str]]) -> None:
        self._kinds = kinds
        self._asked = 0

    @classmethod
    async def seed(cls, database: Database, folder: Path, say: Callable[[str], None], *, large: bool) -> "Pasts":
        """Import one account and copy it."""
        say("seeding")
        account = await seed.import_account(database, folder)
        users = await seed.clone_users(database, account, USERS)
        many = await seed.clone_users(database, account, 1)
        await seed.multiply_facts(database, many[0], seed.MANY_FACTS // seed.FACTS)
        kinds: dict[str, Callable[[int], str]] = {
            NEW: lambda _: request(Conversation.new()),
            FIRST: _new_conversation(users),
            LONG: lambda number: request(Conversation(users[number % USERS], seed.LONG)),
            GROWN: lambda number: request(Conversation(users[number % USERS], seed.GROWN)),
            MANY: _new_conversation(many),
        }
        desks = await seed.clone_users(database, await seed.import_desk(database, folder), USERS)
        kinds[DESK] = _new_conversation(desks)
        kinds[TOOL] = _new_conversation(desks, f" {LOOK_IT_UP}.")
        if large:
            say("seeding a million facts")
            tables = ("chat_users", *seed.FACT_TABLES)
            kinds[LARGE] = _new_conversation(await seed.clone_users(database, account, LARGE_USERS, tables))
        await database.conn.execute("vacuum analyze")  # which Postgres would do while something is measured
        return cls(kinds)

    async def measure(
        self, database: Database, ours: Target, base: Target, share: Callable[[Case], Case], rounds: Rounds
    ) -> None:
        """A round: the CPU of each kind by itself, then the first tokens of all in turn."""
        recalled, called = await database.count("chat_turn_facts"), await database.count("finance_references")
        case, spaced = share(Case(turns=TURNS)), share(Case(turns=TURNS, gap=GAP))
        cpu = {kind: (await measure_in_turn(ours, case, [self._requests(kind, case.turns)]))[0] for kind in self._kinds}
        requests = [self._requests(kind, spaced.turns) for kind in self._kinds]
        times = dict(zip(self._kinds, await measure_in_turn(ours, spaced, requests), strict=True))
        cpu[BASE], times[BASE] = await measure(base, case), await measure(base, spaced)
        for kind, figures in cpu.items():
            rounds.setdefault(kind, []).append(replace(figures, first=times[kind].first, done=times[kind].done))
        if await database.count("chat_turn_facts") == recalled:
            raise RuntimeError("no facts were recalled: without them a turn is cheaper than it is")
        if await database.count("finance_references") - called < case.turns + spaced.turns:
            raise RuntimeError("tools were not called: without them a turn is cheaper than it is")

    def _requests(self, kind: str, count: int) -> list[str]:
        self._asked += count
        return [self._kinds[kind](number) for number in range(self._asked - count, self._asked)]


def _new_conversation(users: list[UUID], and_then: str = "") -> Callable[[int], str]:
    return lambda number: request(Conversation.new(users[number % len(users)]), and_then)
