"""The user of a request: from a bearer token, or in local mode from a session cookie; never from body or query."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from litestar import Request

from api.problems import Problem


@dataclass(frozen=True)
class User:
    """The user who sent a request."""

    user_id: UUID
    admin: bool = False
    email: str | None = None
    """As the token's issuer knows it."""
    new: bool = False
    """First request of a browser in local mode: the response sets its session cookie."""


class Authenticator(Protocol):
    """What finds a request's user: `BearerTokens`, or `LocalSessions` in local mode."""

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The user; raises Problem 401, or 503 where it cannot be checked."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


def require_admin(user: User) -> None:
    """Refuse whoever is no administrator.

    Raises:
        Problem: 403.
    """
    if not user.admin:
        raise Problem(403, "forbidden", "Only administrators may see this.")
