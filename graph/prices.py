"""Prices of models: those of the settings, else those of the table of genai-prices, which is part of its package.

Nothing is asked over a network. The table is loaded with the first price that is wanted: it takes 20 MB.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Literal, NamedTuple

from graph.settings import ModelPrice, Settings

OPENAI = "https://api.openai.com/v1"
"""Where models are asked unless it is set otherwise."""
MILLION = 1_000_000
SAMPLE = 1000
"""Tokens of which a price is asked: few enough for the price of short prompts, where a model has several."""


class Price(NamedTuple):
    """US dollars for a million tokens of each kind."""

    input: float
    cached: float
    output: float
    source: Literal["settings", "genai-prices"]

    def of(self, prompt: int, cached: int, completion: int) -> float:
        """US dollars for so many tokens; the cached ones are part of the prompt's."""
        cached = min(cached, prompt)
        return ((prompt - cached) * self.input + cached * self.cached + completion * self.output) / MILLION


class Prices:
    """Prices of the models of this installation.

    Args:
        own: prices of the settings, by model.
        urls: where each model is asked, by model: the table has prices by provider.
        url: where models are asked of which that is not known, because they were set before.
    """

    def __init__(self, own: Mapping[str, ModelPrice], urls: Mapping[str, str], url: str = OPENAI) -> None:
        self._own = own
        self._urls = urls
        self._url = url
        self._known: dict[tuple[str, date], Price | None] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Prices":
        """Those of the models that are set."""
        url = settings.openai_base_url or OPENAI
        urls = {settings.chat_model: url}
        if settings.second_model and settings.second_base_url:
            urls.setdefault(settings.second_model, settings.second_base_url)
        return cls(settings.prices, urls, url)

    async def find(self, wanted: set[tuple[str, date]]) -> Mapping[tuple[str, date], Price | None]:
        """The price of each of these models on each of these days; None where it is not known."""
        if missing := wanted - self._known.keys():
            self._known |= await asyncio.to_thread(partial(self._look_up, missing))
        return {one: self._known[one] for one in wanted}

    def _look_up(self, wanted: set[tuple[str, date]]) -> dict[tuple[str, date], Price | None]:
        return {(model, day): self._own_price(model) or self._table_price(model, day) for model, day in wanted}

    def _own_price(self, model: str) -> Price | None:
        own = self._own.get(model)
        if own is None:
            return None
        return Price(own.input, own.input if own.cached is None else own.cached, own.output, "settings")

    def _table_price(self, model: str, day: date) -> Price | None:
        from genai_prices import Usage, calc_price

        price = partial(
            calc_price,
            model_ref=model,
            provider_api_url=self._urls.get(model, self._url),
            genai_request_timestamp=datetime.combine(day, time(12), UTC),
        )
        try:
            uncached = price(Usage(input_tokens=SAMPLE, output_tokens=SAMPLE))
            cached = price(Usage(input_tokens=SAMPLE, cache_read_tokens=SAMPLE, output_tokens=0))
        except (LookupError, ValueError):  # no such provider, model, or price
            return None
        per_million = MILLION / SAMPLE
        return Price(
            float(uncached.input_price) * per_million,
            float(cached.input_price) * per_million,
            float(uncached.output_price) * per_million,
            "genai-prices",
        )
