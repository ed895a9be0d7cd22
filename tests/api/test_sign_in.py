"""What `frontdesk doctor` and the settings say of an issuer that the pages shall sign in with."""

from collections.abc import Callable
from typing import Any

import pytest

from api.cli.doctor import check_sign_in
from graph.settings import Settings, SettingsError
from tests.support.oidc_issuer import OidcIssuer, issuing_sign_ins

PROBLEMS: dict[str, tuple[Callable[[OidcIssuer], dict[str, Any]], str]] = {
    "another name": (lambda issuer: {"issuer": f"{issuer.url}/"}, "calls itself otherwise"),
    "tokens elsewhere": (lambda _: {"token_endpoint": "https://tokens.example/token"}, "at another address"),
    "no PKCE": (lambda _: {"code_challenge_methods_supported": ["plain"]}, "does not support PKCE"),
    "nowhere to get tokens": (lambda _: {"token_endpoint": None}, "at another address"),
}
"""What is wrong with an issuer's configuration, and what is said of it."""


async def test_an_issuer_that_fits_is_found_well() -> None:
    """And one that does not answer is not."""
    async with issuing_sign_ins("ada") as issuer:
        assert (await check_sign_in(issuer.url)).state == "ok"
    assert (await check_sign_in(issuer.url)).state == "FAIL"


@pytest.mark.parametrize(("change", "says"), PROBLEMS.values(), ids=PROBLEMS.keys())
async def test_an_issuer_that_does_not_fit_is_named(change: Callable[[OidcIssuer], dict[str, Any]], says: str) -> None:
    """In one sentence."""
    async with issuing_sign_ins("ada") as issuer:
        issuer.changes = change(issuer)
        check = await check_sign_in(issuer.url)
    assert check.state == "FAIL"
    assert says in check.detail


@pytest.mark.parametrize("missing", ["FRONTDESK_JWT_ISSUER", "FRONTDESK_JWKS_URL"])
def test_a_client_needs_an_issuer(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Its address, and its keys."""
    values = {"FRONTDESK_JWT_ISSUER": "https://id.example", "FRONTDESK_JWKS_URL": "https://id.example/certs"}
    for name, value in {**values, "FRONTDESK_OIDC_CLIENT_ID": "pages", missing: ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="FRONTDESK_OIDC_CLIENT_ID: needs"):
        Settings.read()
