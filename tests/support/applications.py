"""Applications that are used one after the other: to make one takes 0.1 s of CPU, more than to start and to stop it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, cast

from litestar import Litestar

from api.app import _lifespan, create_app
from graph.service import Service
from graph.settings import Settings

OpenService = Callable[[], AbstractAsyncContextManager[Service]]


@asynccontextmanager
async def unopened() -> AsyncGenerator[Service]:
    """For an application that is made ahead: it opens another before it starts."""
    raise RuntimeError("started without another way to open its service")
    yield


class Made(NamedTuple):
    """An application, and the settings that it was made from."""

    app: Litestar
    made_from: dict[str, object]


class Applications:
    """Applications that nobody uses now."""

    def __init__(self) -> None:
        self._unused: list[Made] = []

    def take(self, settings: Settings, open_service: OpenService) -> Made:
        """One with these settings: one that is unused, if there is one that was made from the same."""
        same = (one for one in self._unused if all(getattr(settings, k) == v for k, v in one.made_from.items()))
        if found := next(same, None):
            self._unused.remove(found)
            found.app._lifespan_managers[0] = _lifespan(settings, open_service)
            return found
        read = _Read(settings)
        app = create_app(cast(Settings, read), open_service)
        app._lifespan_managers[0] = _lifespan(settings, open_service)
        return Made(app, dict(read.values))

    def give_back(self, made: Made) -> None:
        """Keep one that has ended, or never started, for others."""
        made.app.state.clear()
        self._unused.append(made)


class _Read:
    """Settings that note which of them are read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.values: dict[str, object] = {}

    def __getattr__(self, name: str) -> object:
        value = self.values[name] = getattr(self._settings, name)
        return value
