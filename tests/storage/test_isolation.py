"""No user ever reads or changes another's rows, whatever a statement forgets."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from storage.audit import Finding
from storage.conversations import Conversations
from storage.errors import Gone
from storage.export import Export
from storage.facts import Facts, padded
from storage.figures import AllFigures, Stretch
from storage.insights import AllInsights
from storage.journal import Batch, Journal, Told
from storage.keys import Keys
from storage.limits import Limits
from storage.memory import Memory
from storage.messages import Messages
from storage.metrics import Metrics
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.queue import Queue
from storage.recall import Recall
from storage.summaries import Summaries
from storage.turn_records import TurnRecords
from storage.turns import Turns
from storage.users import Users
from tests.storage.rows import MODEL, Owner, accepted, answered, heard, measured, met, new_fact, spoken
from tests.storage.test_rights import GRANTED

SECRET = "oat biscuits"
"""What only Ada knows."""


class Adas:
    """Ada's rows, one at least in every table, and their ids."""

    def __init__(self, pool: Pool, user: UUID) -> None:
        self.pool = pool
        self.user = user
        self.turn = self.fact = UUID(int=0)

    async def written(self) -> "Adas":
        """Write them."""
        first = await heard(self.pool, self.user, accepted(f"I sell {SECRET}"))
        learned = await Facts(self.pool, MODEL).remember(self.user, [new_fact(f"Sells {SECRET}")], source=first)
        self.fact = UUID(learned[0]["fact_id"])
        self.turn = await spoken(
            self.pool, self.user, answered(f"What of {SECRET}?", f"{SECRET}!", used=[str(self.fact)])
        )
        await Summaries(self.pool).save(self.user, "c-1", f"They sell {SECRET}.", turn_id=self.turn, seen=0)
        await Misroutes(self.pool).record(self.user, "c-1", self.turn, "tag")
        await Limits(self.pool, 8).take(self.user)
        await Queue(self.pool).wait(self.user, "c-1", uuid4())
        await Keys(self.pool).claim(self.user, "a key", "0" * 64, self.turn)
        start = Told(event="start", data={"model": SECRET})
        await Journal(self.pool).write([Batch(user_id=self.user, turn_id=self.turn, first=1, events=[start])])
        found = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)
        await Metrics(self.pool).record(self.user, self.turn, measured(), [found])
        return self


@pytest.fixture
async def adas(pool: Pool, ada: UUID) -> Adas:
    """Ada, with a row in every table."""
    return await Adas(pool, ada).written()


@pytest.fixture
async def bob(pool: Pool) -> UUID:
    """Bob, who is known and has nothing."""
    return await met(pool, uuid4())


@pytest.fixture(autouse=True)
async def unchanged(adas: Adas, owner: Owner) -> AsyncGenerator[None]:
    """Whatever a test tries, every row of Ada's is there afterwards as it was before."""
    before = {table: everything(owner, table, adas.user) for table in GRANTED}
    assert all(before.values())
    yield
    assert {table: everything(owner, table, adas.user) for table in GRANTED} == before


def everything(owner: Owner, table: str, user: UUID) -> list[str]:
    """A user's rows of a table."""
    query = sql.SQL("select to_jsonb(t)::text from {} t where user_id = %s order by 1").format(sql.Identifier(table))
    return [text for (text,) in owner.execute(query, [user]).fetchall()]


@pytest.mark.parametrize("table", GRANTED)
async def test_a_select_that_forgets_the_user_finds_nothing(pool: Pool, bob: UUID, table: str) -> None:
    """Of Ada's; nor does one that names her, or counts."""
    async with pool.as_user(bob) as conn:
        for query in ("select user_id from {}", "select user_id from {} where true or user_id is null"):
            cursor = await conn.execute(sql.SQL(query).format(sql.Identifier(table)))
            assert {row["user_id"] for row in await cursor.fetchall()} <= {bob}


@pytest.mark.parametrize("table", GRANTED)
@pytest.mark.parametrize("command", ["update {} set user_id = user_id", "delete from {}", "truncate {}"])
async def test_a_change_that_forgets_the_user_is_refused_or_finds_nothing(
    pool: Pool, owner: Owner, bob: UUID, table: str, command: str
) -> None:
    """Most the program's role may not do at all; what it may do ends at Bob's own rows."""
    mine = len(everything(owner, table, bob))
    try:
        async with pool.as_user(bob) as conn:
            assert (await conn.execute(command.format(table).encode())).rowcount <= mine
    except psycopg.errors.InsufficientPrivilege:
        assert not command.startswith("delete") or "DELETE" not in GRANTED[table]


@pytest.mark.parametrize("table", GRANTED)
async def test_nobody_writes_in_another_users_name(pool: Pool, owner: Owner, adas: Adas, bob: UUID, table: str) -> None:
    """A row of Ada's that Bob inserts is refused by the policy, where he may insert at all."""
    refusal = "row-level security" if "INSERT" in GRANTED[table] else "permission denied"
    row = json.loads(everything(owner, table, adas.user)[0])
    columns = [name for name in row if name not in ("seq", "search", "arrived")]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    insert = sql.SQL("insert into {0} ({1}) select {1} from jsonb_populate_record(null::{0}, %s)").format(
        sql.Identifier(table), names
    )
    for ending in ("", " on conflict do nothing"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=refusal):
            async with pool.as_user(bob) as conn:
                await conn.execute(insert + sql.SQL(ending), [json.dumps(row)])


@pytest.mark.parametrize(
    "column", ["fact", "fact_hash", "confidence", "source_message_id", "superseded_by", "superseded_at"]
)
async def test_an_update_that_names_anothers_row_finds_nothing(pool: Pool, adas: Adas, bob: UUID, column: str) -> None:
    """With every column that may be changed at all."""
    update = sql.SQL("update user_memory_facts set {0} = {0} where id = %s and user_id = %s").format(
        sql.Identifier(column)
    )
    async with pool.as_user(bob) as conn:
        assert (await conn.execute(update, [adas.fact, adas.user])).rowcount == 0


async def test_a_row_cannot_be_tied_to_anothers(pool: Pool, adas: Adas, bob: UUID) -> None:
    """A fact of Bob's that came from Ada's message, an answer of his that used her fact: there is no such thing."""
    turn = await heard(pool, bob, accepted())
    with pytest.raises(Gone):
        await Facts(pool, MODEL).remember(bob, [new_fact("Sells tubas")], source=adas.turn)
    with pytest.raises(Gone):
        async with pool.as_user(bob) as conn:
            await conn.execute("insert into chat_turn_facts values (%s, %s, %s)", [bob, turn, adas.fact])


@pytest.mark.parametrize(
    "call",
    [
        "select * from match_memory(%(ada)s, array_fill(1, array[1536])::vector)",
        "select * from metrics_summary(100000)",
    ],
)
async def test_a_function_that_reads_does_not_read_for_someone_else(
    pool: Pool, adas: Adas, bob: UUID, call: str
) -> None:
    """Bob passes Ada's id and gets nothing; Ada gets her row."""
    for user, found in ((bob, 0), (adas.user, 1)):
        async with pool.as_user(user) as conn:
            assert (await conn.execute(call.encode(), {"ada": adas.user})).rowcount == found


@pytest.mark.parametrize(
    "call", ["select take_rate_limit(%(ada)s, 8, 60)", "select increment_rate_limit(%(ada)s, current_minute())"]
)
async def test_a_function_that_counts_does_not_count_for_someone_else(
    pool: Pool, adas: Adas, bob: UUID, call: str
) -> None:
    """Nobody uses up another user's limit."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute(call.encode(), {"ada": adas.user})


async def test_nobody_takes_anothers_checkpoints_away(pool: Pool, owner: Owner, adas: Adas, bob: UUID) -> None:
    """Bob names Ada's thread and nothing happens; Ada does and it is gone."""
    owner.execute(
        "insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint, metadata)"
        " values (%(turn)s::text, '1', '{}', jsonb_build_object('user_id', %(ada)s::text))",
        {"turn": adas.turn, "ada": adas.user},
    )
    for user, left in ((bob, 1), (adas.user, 0)):
        async with pool.as_user(user) as conn:
            await conn.execute("select forget_my_checkpoints(array[%(turn)s::text])", {"turn": adas.turn})
        assert owner.execute("select count(*) from langgraph.checkpoints").fetchone() == (left,)


HOSTILE = [
    None,
    {},
    {"model": {"$ne": "none"}},
    {"model": {"$in": [MODEL]}},
    {"holds": True},
    {"$or": [{"model": MODEL}, {"model": {"$ne": MODEL}}]},
    {"$not": {"model": "none"}},
    {"model": {"$like": "%"}},
    {"fact_id": {"$exists": True}},
]


@pytest.mark.parametrize("filter_", HOSTILE, ids=str)
async def test_the_vector_store_finds_nothing_whatever_its_filter(
    recall: Recall, adas: Adas, bob: UUID, filter_: dict[str, object] | None
) -> None:
    """Bob searches with a filter that lets everything pass; for Ada the same one finds her fact."""
    for user, found in ((bob, 0), (adas.user, 1)):
        store = await recall._opened()  # pyright: ignore[reportPrivateUsage]
        await recall.nearest(user, [1.0, 0.0], limit=1)  # whose turn it is
        documents = await store.asimilarity_search_by_vector(padded([1.0, 0.0]), k=50, filter=filter_)
        assert len(documents) == found


@pytest.mark.parametrize("filter_", [{"user_id": {"$ne": ""}}, {"1=1; --": 1}, {"model": {"$evil": 1}}], ids=str)
async def test_the_vector_store_knows_no_other_column(
    recall: Recall, adas: Adas, bob: UUID, filter_: dict[str, object]
) -> None:
    """What is no filter is an error, and no way to write SQL."""
    await recall.nearest(bob, [1.0, 0.0], limit=1)
    store = await recall._opened()  # pyright: ignore[reportPrivateUsage]
    try:
        found = await store.asimilarity_search_by_vector(padded([1.0, 0.0]), k=50, filter=filter_)
    except Exception:  # noqa: BLE001 - whichever it raises
        return
    assert found == []


Attempt = Callable[[Pool, Adas, UUID], Awaitable[object]]


async def exported(pool: Pool, user: UUID) -> str:
    """Everything of a user's, as text."""
    async with aclosing(Export(pool).lines(user)) as lines:
        return "\n".join([line async for line in lines])


async def sums(pool: Pool, user: UUID) -> object:
    """What a user's turns add up to."""
    found = await AllFigures(pool).of_user(user, Stretch(hours=1, step=1))
    return found["totals"], found["data"]  # the series tells when it was asked for


READS: dict[str, Attempt] = {
    "conversations": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9),
    "a search": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9, q=SECRET),
    "a conversation": lambda pool, _, bob: Conversations(pool).find(bob, "c-1"),
    "its messages": lambda pool, _, bob: Conversations(pool).messages(bob, "c-1", limit=9),
    "what follows a message": lambda pool, adas, bob: Conversations(pool).messages(
        bob, "c-1", limit=9, after=adas.turn, newest_first=True
    ),
    "the history": lambda pool, _, bob: Messages(pool).history(bob, "c-1", before_turn=uuid4()),
    "who answered": lambda pool, _, bob: Messages(pool).current_employee(bob, "c-1"),
    "facts": lambda pool, _, bob: Memory(pool, MODEL).latest(bob, limit=9),
    "a search for facts": lambda pool, _, bob: Memory(pool, MODEL).latest(bob, limit=9, q=SECRET),
    "a turn": lambda pool, adas, bob: TurnRecords(pool).find(bob, adas.turn),
    "whether a turn is known": lambda pool, adas, bob: Turns(pool).known(bob, adas.turn),
    "a turn's events": lambda pool, adas, bob: Journal(pool).read(bob, adas.turn, after=0),
    "insights": lambda pool, _, bob: AllInsights(pool).of_user(bob),
    "figures": lambda pool, _, bob: sums(pool, bob),
    "an export": lambda pool, _, bob: exported(pool, bob),
}


@pytest.mark.parametrize("attempt", READS.values(), ids=READS.keys())
async def test_no_method_reads_for_someone_else(pool: Pool, adas: Adas, bob: UUID, attempt: Attempt) -> None:
    """Bob asks by Ada's ids and in her words, and is told the same as of something that never was."""
    told = await attempt(pool, adas, bob)
    assert SECRET not in str(told)
    assert str(adas.turn) not in str(told)
    nothing = await attempt(pool, await Adas(pool, uuid4()).written(), await met(pool, uuid4()))
    assert told == nothing


async def superseded(pool: Pool, adas: Adas, bob: UUID) -> None:
    """Bob learns a fact that is to take the place of Ada's."""
    fact = new_fact("Sells tubas")
    fact["replaces"] = [str(adas.fact)]
    await Facts(pool, MODEL).remember(bob, [fact], source=await heard(pool, bob, accepted()))


WRITES: dict[str, Attempt] = {
    "renames": lambda pool, _, bob: Conversations(pool).rename(bob, "c-1", "Mine"),
    "deletes": lambda pool, _, bob: Conversations(pool).delete(bob, "c-1"),
    "corrects": lambda pool, adas, bob: Memory(pool, MODEL).correct(bob, adas.fact, "Sells tubas", [1.0]),
    "forgets": lambda pool, adas, bob: Memory(pool, MODEL).forget(bob, adas.fact),
    "forgets everything": lambda pool, _, bob: Memory(pool, MODEL).forget_all(bob),
    "supersedes": superseded,
    "asks another instead": lambda pool, adas, bob: Misroutes(pool).record(bob, "c-1", adas.turn, "tag"),
    "leaves a queue": lambda pool, adas, bob: Queue(pool).leave(bob, adas.turn),
    "interrupts": lambda pool, _, bob: Queue(pool).interrupt(bob, "c-1"),
    "gives a key up": lambda pool, adas, bob: Keys(pool).give_up(bob, adas.turn),
    "fails": lambda pool, adas, bob: Turns(pool).fail(bob, adas.turn, "internal"),
    "finishes": lambda pool, adas, bob: Turns(pool).finish(bob, adas.turn),
    "accepts": lambda pool, adas, bob: Turns(pool).accept(bob, adas.turn, accepted("Mine")),
    "summarises": lambda pool, adas, bob: Summaries(pool).save(bob, "c-1", "Mine.", turn_id=adas.turn, seen=0),
    "is limited": lambda pool, _, bob: Limits(pool, 8).take(bob),
    "is counted": lambda pool, adas, bob: Metrics(pool).record(bob, adas.turn, measured(latency_ms=1)),
    "erases": lambda pool, _, bob: Users(pool).erase(bob),
}


@pytest.mark.parametrize("attempt", WRITES.values(), ids=WRITES.keys())
async def test_no_method_writes_for_someone_else(pool: Pool, adas: Adas, bob: UUID, attempt: Attempt) -> None:
    """Bob uses Ada's ids; what comes of it, if anything, is his own (the fixture sees that hers stay)."""
    assert await attempt(pool, adas, bob) in (None, False, 0) or attempt is WRITES["is limited"]


async def test_an_answer_to_anothers_turn_is_not_kept(pool: Pool, adas: Adas, bob: UUID) -> None:
    """To Bob it is a turn that is not there."""
    with pytest.raises(Gone):
        await Turns(pool).answer(bob, adas.turn, answered())


async def test_nobody_gives_a_row_away(pool: Pool, adas: Adas, bob: UUID) -> None:
    """Ada cannot make a conversation of hers one of Bob's: whose a row is cannot be changed at all."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        async with pool.as_user(adas.user) as conn:
            await conn.execute("update chat_conversations set user_id = %(bob)s", {"bob": bob})


async def test_a_hundred_at_once_over_five_connections_never_meet(database_url: str) -> None:
    """Each writes, reads, learns and searches, in between all the others, and sees what is theirs."""
    users = [uuid4() for _ in range(100)]
    async with Pool.open(database_url, size=5, wait=60) as pool, Recall.open(database_url, model=MODEL) as recall:

        async def visit(user: UUID) -> list[set[str]]:
            mine = str(user)
            turn = await spoken(pool, user, answered(mine, mine))
            await Facts(pool, MODEL).remember(user, [new_fact(mine)], source=turn)
            async with pool.as_user(user) as conn:
                cursor = await conn.execute("select content from chat_messages")
                everything = {row["content"] for row in await cursor.fetchall()}
            return [
                everything,
                {one["title"][:36] for one in await Conversations(pool).latest(user, limit=100)},
                {one["content"] for one in await Conversations(pool).messages(user, "c-1", limit=100)},
                {one["fact"] for one in await Memory(pool, MODEL).latest(user, limit=100)},
                {one["fact"] for one in await recall.nearest(user, [1.0, 0.0], limit=100)},
            ]

        seen = await asyncio.gather(*map(visit, users))
    assert seen == [[{str(user)}] * 5 for user in users]


def test_ada_has_something_in_every_table(owner: Owner, adas: Adas) -> None:
    """Or the tests above would try nothing."""
    assert [table for table in GRANTED if not everything(owner, table, adas.user)] == []
