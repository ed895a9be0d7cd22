"""Who is asking."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class User:
    """Who is asking."""

    user_id: UUID
    admin: bool = False
    new: bool = False
    """A visitor in local mode without a session: the response brings one."""
