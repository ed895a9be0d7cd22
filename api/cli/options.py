"""What several commands take: the settings, and times."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[int]):
    """A time like 90s, 15m, 1h or 7d; converts to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds; fails on anything else and says what is accepted."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if not match:
            self.fail(f"{value!r} is no duration; say for example 90s, 15m, 1h or 7d", param, ctx)
        return int(match[1]) * UNITS[match[2]]


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the settings to a command and set up logging; bad settings or no database end it with one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from api.logging.setup import configure_logging
        from graph.settings import Settings, SettingsError
        from storage.errors import StorageError

        try:
            settings = Settings.read()
            configure_logging(settings)
            return command(settings, *args, **kwargs)
        except (SettingsError, StorageError) as error:
            raise click.ClickException(str(error) or str(error.__doc__)) from None

    return run
