"""What several commands take: the settings, and times."""

import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from graph.settings import Settings

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


def with_address(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say where and with how many processes is served."""
    command = click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))(command)
    command = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535))(command)
    return click.option("--host", default="127.0.0.1", show_default=True)(command)


def unknown_settings() -> list[str]:
    """What to say of each variable that looks like a setting and is none."""
    from graph.settings import Settings

    return [
        f"{name} is no setting" + (f"; did you mean {nearest}?" if nearest else "")
        for name, nearest in Settings.unknown().items()
    ]


def warn_of_unknown_settings(settings: "Settings") -> None:
    """Warn of each variable that looks like a setting and is none."""
    from api.logging.setup import report_warning

    for text in unknown_settings():
        report_warning(settings, text)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the settings to a command and set up logging; bad settings or no database end it with a line for each."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from api.logging.setup import configure_logging
        from graph.settings import Settings, SettingsError
        from nodes.errors import PromptTextError
        from storage.errors import StorageError

        try:
            settings = Settings.read()
        except SettingsError as error:
            warnings = [f"Warning: {text}" for text in unknown_settings()]
            click.echo("\n".join([*warnings, *(f"Error: {line}" for line in error.lines)]), err=True)
            sys.exit(1)
        configure_logging(settings)
        try:
            return command(settings, *args, **kwargs)
        except (StorageError, PromptTextError) as error:
            raise click.ClickException(str(error) or str(error.__doc__)) from None

    return run
