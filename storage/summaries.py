"""The rolling summary of each conversation."""

from uuid import UUID

from storage.pool import Pool


class Summaries:
    """Rolling summaries with a watermark, so that no message is missing from both summary and context window."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int) -> bool:
        """Store the summary made at the end of `turn_id` from messages up to `seen`, and mark the turn as summarised.

        Its watermark is this turn's last message, or the message before the first one that another turn wrote
        meanwhile and that is therefore not in it. A summary with a lower watermark than the stored one is dropped: a
        turn that finishes late cannot undo a later one.

        Returns:
            Whether it was stored.
        """
        values = {"user_id": user_id, "convo_id": conversation_id, "summary": summary, "turn_id": turn_id, "seen": seen}
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with mine as ("
                "  select max(seq) as last from chat_messages where user_id = %(user_id)s and turn_id = %(turn_id)s"
                "), unread as ("
                "  select min(m.seq) as first from chat_messages m, mine"
                "  where m.user_id = %(user_id)s and m.convo_id = %(convo_id)s and m.turn_id <> %(turn_id)s"
                "  and m.seq > %(seen)s and m.seq < mine.last"
                ")"
                " insert into chat_convo_summaries as s (user_id, convo_id, summary, covers_seq)"
                " select %(user_id)s, %(convo_id)s, %(summary)s, coalesce(unread.first - 1, mine.last)"
                " from mine, unread where mine.last is not null"
                " on conflict (user_id, convo_id) do update"
                " set summary = excluded.summary, covers_seq = excluded.covers_seq, updated_at = now()"
                " where s.covers_seq < excluded.covers_seq",
                values,
            )
            # After the conversation's row, which the summary refers to: a deletion locks them in this order, too.
            await conn.execute(
                "update chat_turns set summarised_at = now() where user_id = %(user_id)s and turn_id = %(turn_id)s",
                values,
            )
            return cursor.rowcount == 1
