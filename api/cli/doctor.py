"""`frontdesk doctor`: checks of everything that a start needs."""

import asyncio
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from api.cli.options import unknown_settings, with_address, with_settings

if TYPE_CHECKING:
    from graph.doctor import Check
    from graph.settings import Settings

ANSWER_SECONDS = 2.0
"""For what listens at our port to say whether it is Frontdesk."""


@click.command()
@with_address
@with_settings
def doctor(settings: "Settings", host: str, port: int, workers: int) -> None:
    """Check all that `serve` with these options needs; exit 1 on a failure."""
    checks = asyncio.run(_checks(settings, host, port, workers))
    for check in checks:
        click.echo(f"{check.state:<4}  {check.name:<11} {check.detail}")
    sys.exit(any(check.state == "FAIL" for check in checks))


async def _checks(settings: "Settings", host: str, port: int, workers: int) -> "list[Check]":
    from graph.doctor import Check, run_checks

    mode = "local mode (loopback only)" if settings.local else "verified tokens"
    unknown = [Check("settings", "warn", text) for text in unknown_settings()]
    issuer = [await _issuer(settings.jwks_url)] if settings.jwks_url else []
    issuer += [await check_sign_in(settings.jwt_issuer)] if settings.oidc_client_id and settings.jwt_issuer else []
    own = [Check("settings", "ok", mode), *unknown, await _port(settings, host, port), *issuer]
    return [*own, *await run_checks(settings, workers)]


async def _port(settings: "Settings", host: str, port: int) -> "Check":
    """Whether the port is free; a Frontdesk that listens there already is no failure."""
    from api.server.port import PortInUse, PortUnusable, listen
    from graph.doctor import Check

    try:
        for listening in listen(host, port, local=settings.local):
            listening.close()
    except PortInUse as error:
        if await _is_frontdesk(host, port):
            return Check("port", "ok", f"{port} is in use by a running Frontdesk")
        program = await asyncio.to_thread(_program_at, port)
        return Check("port", "FAIL", f"{port} is in use by {program or 'another program'}{error.advice}")
    except PortUnusable as error:
        return Check("port", "FAIL", str(error))
    return Check("port", "ok", f"{port} is free")


async def _is_frontdesk(host: str, port: int) -> bool:
    import httpx2

    shown = f"[{host}]" if ":" in host else host
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            found = (await client.get(f"http://{shown}:{port}/health/ready")).json()["checks"]
    except (httpx2.HTTPError, ValueError, LookupError, TypeError):
        return False
    return {"server", "database", "migrations", "model"} <= set(found)


def _program_at(port: int) -> str | None:
    """Name and process id of the program that listens at the port, as far as this user may see it."""
    try:
        import psutil
    except ImportError:  # it comes with what a local installation needs
        return None
    try:
        listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        pids = [one.pid for one in listening if one.laddr and one.laddr.port == port and one.pid]
        return f"{psutil.Process(pids[0]).name()} (process {pids[0]})" if pids else None
    except psutil.Error:
        return None


async def _issuer(url: str) -> "Check":
    from api.auth.jwks import ALGORITHMS, FETCH_ERRORS, fetch_keys, key_client
    from graph.doctor import Check

    try:
        keys = await fetch_keys(key_client(url))
    except FETCH_ERRORS as error:
        import jwt

        unreachable = isinstance(error, jwt.PyJWKClientConnectionError)
        why = "does not answer" if unreachable else f"has no key for {' or '.join(ALGORITHMS)}"
        return Check("issuer", "FAIL", f"FRONTDESK_JWKS_URL {why}")
    algorithms = ", ".join(sorted({key.algorithm_name for key in keys}))
    return Check("issuer", "ok", f"{len(keys)} key{'s' if len(keys) > 1 else ''} at FRONTDESK_JWKS_URL ({algorithms})")


async def check_sign_in(issuer: str) -> "Check":
    """Whether the pages can sign in there: they may send to the issuer's own origin only."""
    import httpx2

    from graph.doctor import Check

    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS) as client:
            found = (await client.get(url)).raise_for_status().json()
        origins = {urlsplit(str(address or ""))[:2] for address in (issuer, found["token_endpoint"])}
        named, methods = found["issuer"], found.get("code_challenge_methods_supported", ["S256"])
    except (httpx2.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return Check("sign-in", "FAIL", "FRONTDESK_JWT_ISSUER has no OpenID Connect configuration that can be read")
    if named != issuer:
        return Check("sign-in", "FAIL", "the issuer calls itself otherwise than FRONTDESK_JWT_ISSUER")
    if len(origins) > 1:
        return Check("sign-in", "FAIL", "the issuer gives out tokens at another address, which the pages may not use")
    if "S256" not in methods:
        return Check("sign-in", "FAIL", "the issuer does not support PKCE (S256)")
    return Check("sign-in", "ok", "the issuer of FRONTDESK_JWT_ISSUER signs users in")
