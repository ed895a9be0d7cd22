"""Prices of models: the settings' own before those of the table, which is asked without a network."""

from datetime import date
from pathlib import Path

import pytest

from graph.prices import Price, Prices
from graph.settings import ModelPrice, Settings, SettingsError

DAY = date(2026, 11, 29)
OWN = {"gpt-4o-mini": ModelPrice(input=1, output=3)}


async def price(prices: Prices, model: str) -> Price | None:
    """The price of a model on a day."""
    return (await prices.find({(model, DAY)}))[model, DAY]


async def test_a_known_model_has_the_price_of_its_provider() -> None:
    """With what the provider charges for tokens of its cache, and also under the name of a version."""
    prices = Prices({}, {})
    known = Price(0.15, 0.075, 0.6, "genai-prices")
    assert await price(prices, "gpt-4o-mini") == await price(prices, "gpt-4o-mini-2024-07-18") == known
    assert known.of(1_000_000, 400_000, 100_000) == pytest.approx(0.6 * 0.15 + 0.4 * 0.075 + 0.1 * 0.6)


@pytest.mark.parametrize(
    ("model", "url"),
    [("gpt-4o-mini", "http://127.0.0.1:8080/v1"), ("of-tomorrow", "https://api.openai.com/v1"), ("fallback", "")],
)
async def test_what_is_not_known_has_no_price(model: str, url: str) -> None:
    """A server of one's own charges nothing that a table could know, whatever its model is called."""
    assert await price(Prices({}, {model: url} if url else {}), model) is None


async def test_own_prices_come_first() -> None:
    """Cached tokens cost as the others where nothing is said of them."""
    prices = Prices(OWN, {}, "http://127.0.0.1:8080/v1")
    assert await price(prices, "gpt-4o-mini") == Price(1, 1, 3, "settings")


def test_prices_are_set_by_value_or_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON, or a file of JSON or TOML."""
    monkeypatch.chdir(tmp_path)
    Path("prices.json").write_text('{"gpt-4o-mini": {"input": 1, "output": 3}}')
    Path("prices.toml").write_text('["gpt-4o-mini"]\ninput = 1\noutput = 3\n')
    for value in (Path("prices.json").read_text(), "prices.json", "prices.toml"):
        monkeypatch.setenv("FRONTDESK_PRICES", value)
        assert Settings.read().prices == OWN


@pytest.mark.parametrize(
    "value", ["{", "none.toml", '{"m": 1}', '{"m": {"input": -1, "output": 1}}', '{"m": {"in": 1}}']
)
def test_prices_that_make_no_sense_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """With a line that names the setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRONTDESK_PRICES", value)
    with pytest.raises(SettingsError, match=r"^FRONTDESK_PRICES: "):
        Settings.read()
