"""/sign-in: how users of this server get a token, which pages ask once a request was rejected, and links of `demo`."""

from typing import Any, Literal

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect
from typing_extensions import TypedDict

from api.auth.local_mode import LocalSessions
from api.openapi import refusals
from api.problems import Problem
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


@get("/sign-in/{link:str}", status_code=302, include_in_schema=False)  # opened in a browser, as a page is
async def follow_link(request: Request[Any, Any, Any], link: FromPath[str]) -> Redirect:
    """Sign a browser in by the link that `frontdesk demo` prints, in local mode; leads to the chat."""
    sessions = request.app.state.authenticator
    if not isinstance(sessions, LocalSessions):
        raise Problem(404, "not_found", "There are such links in local mode only.")
    return Redirect("/", cookies=[sessions.cookie(sessions.user_of(link))])


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
