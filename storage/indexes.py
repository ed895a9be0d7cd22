"""Indexes on large tables, created concurrently after the migrations, so that turns go on meanwhile."""

from collections.abc import Mapping
from typing import LiteralString

from storage.connections import Connection

INDEXES: Mapping[LiteralString, tuple[LiteralString, LiteralString]] = {
    # Retention finds old checkpoints and old conversations by them.
    "checkpoints_age": ("langgraph", 'checkpoints (checkpoint_id collate "C")'),
    "chat_conversations_age": ("public", "chat_conversations (updated_at)"),
    # Every message asks for those of its user.
    "chat_turns_forgotten": ("public", "chat_turns (user_id, turn_id) where forgotten"),
    # Of versions only: where nothing was replaced they are empty.
    "chat_messages_superseded": ("public", "chat_messages (user_id, convo_id) where superseded"),
    "chat_turns_parent": ("public", "chat_turns (user_id, parent) where parent is not null"),
    "chat_conversations_temporary": ("public", "chat_conversations (updated_at) where temporary"),
}
"""Schema and definition, by name."""


async def create_indexes(conn: Connection) -> None:
    """Create those that are missing; one that an interrupted run left invalid is created anew."""
    # An index takes no lock that keeps turns waiting, but waits itself for every transaction under way, such as a dump.
    await conn.execute("set lock_timeout = 0")
    for name, (schema, definition) in INDEXES.items():
        await drop_invalid_indexes(conn, schema, name)
        await conn.execute(f"create index concurrently if not exists {name} on {schema}.{definition}")
    await conn.execute("reset lock_timeout")


async def drop_invalid_indexes(conn: Connection, schema: str, name: str | None = None) -> None:
    """Drop what interrupted runs left of indexes in the schema: all, or that of this name."""
    cursor = await conn.execute(
        "select i.indexrelid::regclass::text as index from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where not i.indisvalid and c.relnamespace = %(schema)s::regnamespace"
        " and (%(name)s::text is null or c.relname = %(name)s)",
        {"schema": schema, "name": name},
    )
    for row in await cursor.fetchall():
        await conn.execute(f"drop index concurrently {row['index']}".encode())
