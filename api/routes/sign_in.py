"""GET /sign-in: how users of this server get a token. The pages ask for it once a request was rejected."""

from typing import Any, Literal

from litestar import Request, get
from typing_extensions import TypedDict

from api.openapi import refusals
from graph.settings import Settings


class SignInOptions(TypedDict):
    """How users get a token."""

    method: Literal["none", "token", "oidc"]
    """none: local mode, which needs no token. token: they are given one. oidc: the issuer gives them one."""
    issuer: str | None
    """Of OpenID Connect; None, as the others, with another method."""
    client_id: str | None
    """Of the pages, a public client: authorization code with PKCE, without a secret."""
    scope: str | None
    audience: str | None
    """To ask the issuer for, so that it gives out a token for this server; None: it needs no word."""


@get("/sign-in", tags=["account"], responses=refusals())
async def sign_in(request: Request[Any, Any, Any]) -> SignInOptions:
    """How to sign in; needs no token."""
    options: SignInOptions = request.app.state.sign_in
    return options


def sign_in_options(settings: Settings) -> SignInOptions:
    """How users of a server with these settings get a token."""
    if settings.oidc_client_id is None:
        method: Literal["none", "token"] = "none" if settings.local else "token"
        return SignInOptions(method=method, issuer=None, client_id=None, scope=None, audience=None)
    return SignInOptions(
        method="oidc",
        issuer=settings.jwt_issuer,
        client_id=settings.oidc_client_id,
        scope=settings.oidc_scope,
        audience=settings.jwt_audience,
    )
