"""Nothing of a conversation falls between window and summary, however often the summary is late or not stored."""

import json
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple
from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nodes.load_context import load_summary
from nodes.roll_summary import Waiting, roll_summary
from storage.pool import Pool
from storage.turns import Turns
from tests.nodes.states import ADA, Listener, a_state, an_answer
from tests.nodes.stored import accept, answer
from tests.nodes.trimming import noted, trimmed

UNITS = ["a", "It costs 40. ", 'She said "no".\n', "税", "我存钱。"]
SIZES = [1, 400, 1500, 4000]
"""Characters; a conversation of such messages rarely fits in the window."""


class TurnOfTalk(NamedTuple):
    """A message and its answer, and what becomes of the summary that is made after it."""

    message: str
    answer: str
    summary: Literal["stored", "late", "lost"]
    """Stored at once, only after the next turn's, or never."""
    meanwhile: bool = False
    """Whether another message is stored and answered before the answer, of which this turn knows nothing."""


def filled(unit: str, size: int) -> str:
    """A text of so many characters."""
    return (unit * size)[:size]


units = st.sampled_from(UNITS)
text = st.builds(filled, units, st.sampled_from(SIZES))
turn = st.builds(TurnOfTalk, text, text, st.sampled_from(["stored", "late", "lost"]), st.booleans())


@settings(
    deadline=None, database=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each conversation has a name of its own
@example(turns=[TurnOfTalk("税" * 900, "税" * 900, "lost")] * 9, question="税" * 900, waiting=0)
@given(turns=st.lists(turn, min_size=2, max_size=6), question=units, waiting=st.integers(0, 6))
async def test_every_earlier_message_is_in_the_prompt_or_summarised(
    pool: Pool, turns: list[TurnOfTalk], question: str, waiting: int
) -> None:
    """Whole, shortened, or as a part of the summary; by the real nodes, on the real tables."""
    talk, late = Talk(pool, Waiting(waiting, 1500)), list[Callable[[], Awaitable[None]]]()
    for one in turns:
        roll = await talk.answered(one)
        if one.summary == "stored":
            await roll()
        for earlier in late:
            await earlier()
        late = [roll] if one.summary == "late" else []
        assert await talk.forgotten(question) == []


async def list_messages(_system: str, text: str) -> str:
    """A summary that says which messages it was made from, by the names that they begin with."""
    asked = json.loads(text)
    return " ".join([asked["previous_summary"], *(message["said"].split()[0] for message in asked["messages"])])


class Talk:
    """A conversation of Ada's in the database; its messages begin with their names: m1, m2, and so on."""

    def __init__(self, pool: Pool, waiting: Waiting) -> None:
        self._pool = pool
        self._waiting = waiting
        self._turns = Turns(pool)
        self._id = str(uuid4())
        self._count = 0

    async def answered(self, turn: TurnOfTalk) -> Callable[[], Awaitable[None]]:
        """Store a turn; returns what rolls the summary after it."""
        message, text = self._named(turn.message), self._named(turn.answer)
        turn_id = await accept(self._pool, message, conversation=self._id)
        state = a_state(message, conversation_id=self._id, turn_id=str(turn_id), answer=an_answer(text))
        state["history"] = (await load_summary(state, Listener().runtime, turns=self._turns))["history"]
        if turn.meanwhile:
            await self.answered(TurnOfTalk("Also on food?", "Yes.", "lost"))
        await answer(self._pool, turn_id, text, conversation=self._id)

        async def roll() -> None:
            run, waiting = Listener(), self._waiting
            await roll_summary(
                state, run.runtime, summarise=list_messages, turns=self._turns, seconds=30, waiting=waiting
            )

        return roll

    async def forgotten(self, question: str) -> list[str]:
        """The messages of which a new turn with this question would know nothing."""
        state = a_state(question, conversation_id=self._id, turn_id=str(uuid4()))
        history = (await load_summary(state, Listener().runtime, turns=self._turns))["history"]
        prompt = (await trimmed(a_state(question, history=history)))["prompt"]
        whole = {message.id: message.text for message in prompt}
        notes = noted(prompt)
        summarised = notes.get("conversation_summary", "").split()
        short = [entry["said"].rstrip("…") for entry in notes.get("earlier_in_short", [])]
        return [
            text
            for message_id, text in await self._messages()
            if text.split()[0] not in summarised
            and whole.get(message_id) != text
            and not any(text.startswith(said) for said in short)
        ]

    def _named(self, text: str) -> str:
        self._count += 1
        return f"m{self._count} {text}"

    async def _messages(self) -> list[tuple[str, str]]:
        """Id and text of all that was said."""
        async with self._pool.as_user(ADA) as conn:
            cursor = await conn.execute(
                "select id::text, content from chat_messages where convo_id = %(convo_id)s order by seq",
                {"convo_id": self._id},
            )
            return [(row["id"], row["content"]) for row in await cursor.fetchall()]
