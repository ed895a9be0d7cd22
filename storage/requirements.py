"""What a server must have, to be used as the database: versions, UTF-8, and sessions that belong to one client."""

from typing import LiteralString

from storage.connections import Connection, server_process
from storage.errors import SetupFailed

OLDEST_POSTGRES = 15
"""Below it nothing works. From 16 on it is tested, so that is what is promised (docs/decisions.md, 78)."""
OLDEST_PGVECTOR = (0, 7)
"""The first one with half-precision vectors."""
SELECT_SETUP: LiteralString = (
    "select current_setting('server_encoding') = 'UTF8' as is_utf8,"
    " (select extversion from pg_extension where extname = 'vector') as installed,"
    " (select default_version from pg_available_extensions where name = 'vector') as available"
)


async def require_setup(conn: Connection) -> None:
    """Raise where PostgreSQL or pgvector is too old, pgvector is missing, or the database is not in UTF-8.

    Raises:
        SetupFailed: then; the message says what to do.
    """
    version = conn.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise SetupFailed(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed, this one is {version}.")
    row = await (await conn.execute(SELECT_SETUP)).fetchone()
    assert row
    if not row["is_utf8"]:  # asked first: without an encoding texts come as bytes
        raise SetupFailed("A database in UTF-8 is needed: make one with `create database … encoding 'UTF8'`.")
    installed, available = row["installed"], row["available"]
    needed = f"pgvector {'.'.join(map(str, OLDEST_PGVECTOR))} or newer is needed"
    if not installed and not available:
        raise SetupFailed(f"{needed}, and there is none on this PostgreSQL.")
    if _is_new_enough(installed or available):
        return
    if available and _is_new_enough(available):
        raise SetupFailed(f"{needed}, this database has {installed}: run `alter extension vector update`.")
    raise SetupFailed(f"{needed}, this PostgreSQL has {installed or available}: install a newer one.")


async def share_sessions(one: Connection, two: Connection) -> bool:
    """Whether two connections to a pooler run transactions in one session, or each in several.

    Then a client's locks, notifications and settings are lost between transactions, or meet another client.
    """
    # Asked in this order, a pooler is found out that takes its sessions in turn, and one that takes the last one.
    asked = [await server_process(conn) for _ in range(4) for conn in (one, two, two)]
    firsts, seconds = set(asked[::3]), {*asked[1::3], *asked[2::3]}
    return len(firsts) > 1 or len(seconds) > 1 or firsts == seconds


def _is_new_enough(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_PGVECTOR
