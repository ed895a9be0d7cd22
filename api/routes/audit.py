"""GET /audit: what administrators looked at."""

from typing import Annotated, NamedTuple

import msgspec
from litestar import get
from litestar.di import NamedDependency
from typing_extensions import TypedDict

from api.auth.user import User, require_admin
from api.openapi import SIGNED_IN, refusals
from api.parameters import Cursor, Limit, decode_cursor, paginate
from graph.account import UserData
from storage.admin_audit import AuditEntry


class AuditCursor(NamedTuple):
    """Position in the log: the last entry of the page before, within what the database takes."""

    entry_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class AuditPage(TypedDict):
    """Accesses of administrators, the latest first."""

    items: list[AuditEntry]
    next_cursor: str | None


@get("/audit", security=SIGNED_IN, tags=["metrics"], responses=refusals(403))
async def audit(
    user: NamedDependency[User], user_data: NamedDependency[UserData], limit: Limit = 50, cursor: Cursor = None
) -> AuditPage:
    """What administrators looked at of other users, for administrators; reading it is an entry, too."""
    require_admin(user)
    after = decode_cursor(cursor, AuditCursor)
    await user_data.audit.record(user.user_id, "audit")
    found = await user_data.audit.latest(user.user_id, limit=limit + 1, before=after.entry_id if after else None)
    items, next_cursor = paginate(found, limit, lambda entry: AuditCursor(entry["entry_id"]))
    return AuditPage(items=items, next_cursor=next_cursor)
