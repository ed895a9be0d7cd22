"""The user of a request: from a bearer token or an API key, or in local mode from a session cookie.

Never from body or query.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from litestar import Request

from api.problems import Problem
from storage.api_keys import KeyScope

PREFIX: Final = "fd_"
"""How every API key begins, so that people and scanners for secrets recognise one."""
CHAT: Final = {"scopes": frozenset[KeyScope]({"chat"})}
"""`opt` of a route, or of a door's router, for which a key needs the scope `chat`."""
CHAT_OR_READ: Final = {"scopes": frozenset[KeyScope]({"chat", "read"})}
"""`opt` of a route for which a key needs either scope."""
NO_KEY: Final = {"scopes": frozenset[KeyScope]()}
"""`opt` of a route that no key may use."""


@dataclass(frozen=True)
class User:
    """The user who sent a request."""

    user_id: UUID
    admin: bool = False
    email: str | None = None
    """As the token's issuer knows it."""
    new: bool = False
    """First request of a browser in local mode: the response sets its session cookie."""
    verified: bool = True
    """Whether somebody vouches for who it is; nobody does in local mode."""
    scopes: frozenset[KeyScope] | None = None
    """Of the API key by which the user is known; None without one: no route is closed."""

    @property
    def sees_others(self) -> bool:
        """Whether this is an administrator who may look at single turns of other users."""
        return self.admin and self.verified


class Authenticator(Protocol):
    """What finds a request's user: `BearerTokens`, or `LocalSessions` in local mode."""

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The user; raises Problem 401, or 503 where it cannot be checked."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


def require_scope(user: User, request: Request[Any, Any, Any]) -> None:
    """Refuse the user of an API key beyond its scopes. A route that names none may be read, and nothing else.

    Raises:
        Problem: 403.
    """
    assert user.scopes is not None
    reads = request.method in ("GET", "HEAD")
    scopes: frozenset[KeyScope] = request.route_handler.opt.get("scopes", {"read"} if reads else ())
    if not user.scopes.intersection(scopes):
        raise Problem(403, "forbidden", "This API key may not do that.")


def require_admin(user: User) -> None:
    """Refuse users who are no administrators.

    Raises:
        Problem: 403.
    """
    if not user.admin:
        raise Problem(403, "forbidden", "Only administrators may see this.")


def require_admin_of_others(user: User) -> None:
    """Refuse users who may not look at single turns of other users.

    Raises:
        Problem: 403.
    """
    if not user.sees_others:
        raise Problem(403, "forbidden", "Only administrators may see this, and nobody in local mode.")
