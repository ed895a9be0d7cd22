"""Bearer tokens, verified with the configured secret or with the issuer's public keys."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import jwt
from litestar import Request
from structlog.stdlib import get_logger

from api.auth.jwks import IssuerUnavailable, KeySet, UnknownKey
from api.auth.user import User
from api.problems import Problem
from graph.settings import Settings

log = get_logger(__name__)

LEEWAY = 10
"""Seconds two clocks may differ."""
MAX_CHARS = 8192
"""Characters of a token; a longer one is refused unread."""
RETRY_ISSUER = 10
"""Retry-After, in seconds, while the issuer has never answered."""


class BearerTokens:
    """Authenticator by bearer token.

    Args:
        secret: verifies HS256; None: HS256 is refused.
        keys: verify RS256 and ES256; None: these are refused.
        audience: the required `aud`; None: any.
        issuer: the required `iss`; None: any.
    """

    def __init__(self, secret: str | None, keys: KeySet | None, audience: str | None, issuer: str | None) -> None:
        self._secret = secret
        self._keys = keys
        self._audience = audience
        self._issuer = issuer

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The token's user.

        Raises:
            Problem: 401, in the same words whatever is wrong with it (the log says what); 503 while the issuer's
                keys could never be fetched.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated("no bearer token")
        if len(token) > MAX_CHARS:
            raise unauthenticated("token too long")
        try:
            claims = await self._verified(token.strip())
            return User(self._user_id(claims["sub"]), admin=_is_admin(claims), email=_email(claims))
        except IssuerUnavailable:
            detail = "Who you are cannot be checked right now. Please try again in a moment."
            raise Problem(503, "issuer_unavailable", detail, retry_after=RETRY_ISSUER) from None
        except (jwt.InvalidTokenError, UnknownKey, ValueError, TypeError, AttributeError) as error:
            # The error's type and not its message, which may repeat parts of the token.
            raise unauthenticated(type(error).__name__) from None

    async def close(self) -> None:
        """End what is under way."""
        if self._keys:
            await self._keys.close()

    def _user_id(self, subject: str) -> UUID:
        """The user of a token's `sub`; of one that is no UUID, such as Auth0's, one made from it and the issuer.

        Raises:
            ValueError: it is no UUID, and may come from any issuer.
        """
        try:
            return UUID(subject)
        except ValueError:
            if self._issuer is None or not subject:
                raise
            return uuid5(NAMESPACE_URL, f"{self._issuer}#{subject}")

    async def _verified(self, token: str) -> dict[str, Any]:
        """The token's claims, once its signature, times, audience and issuer were checked."""
        header = jwt.get_unverified_header(token)
        key, algorithm = await self._key(header.get("alg"), header.get("kid"))
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )

    async def _key(self, algorithm: Any, key_id: Any) -> tuple[Any, str]:
        """The key for the algorithm that the token names; for which algorithms a key is good is decided here."""
        if algorithm == "HS256" and self._secret is not None:
            return self._secret, "HS256"
        if algorithm in ("RS256", "ES256") and self._keys is not None:
            return (await self._keys.key(key_id, algorithm)).key, algorithm
        raise jwt.InvalidAlgorithmError


def issue_token(settings: Settings, user_id: UUID, *, admin: bool, seconds: int, now: int) -> str:
    """A token for this user, valid for `seconds` from `now` (Unix time), signed with the configured secret."""
    assert settings.jwt_secret is not None
    claims: dict[str, Any] = {"sub": str(user_id), "iat": now, "exp": now + seconds}
    claims |= {"role": "admin"} if admin else {}
    claims |= {"aud": settings.jwt_audience} if settings.jwt_audience else {}
    claims |= {"iss": settings.jwt_issuer} if settings.jwt_issuer else {}
    return jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm="HS256")


def _is_admin(claims: dict[str, Any]) -> bool:
    match claims:
        case {"role": "admin"} | {"app_metadata": {"role": "admin"}}:
            return True
        case _:
            return False


def _email(claims: dict[str, Any]) -> str | None:
    email = claims.get("email")
    return email if isinstance(email, str) and email else None


def unauthenticated(why: str) -> Problem:
    """401, in the same words whatever is wrong; the log says what."""
    log.info("unauthenticated", why=why)
    return Problem(401, "unauthenticated", "Sign in first.", headers={"WWW-Authenticate": "Bearer"})
