"""What every command begins with: settings that are fit, or one line that says what is not."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from api.logging.setup import keep_log
from graph.settings import Settings, SettingsError
from storage.errors import StorageError


def settled(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the settings; end it with one line where they, or the database, are not fit."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            settings = Settings.read()
            keep_log(settings)
            return command(settings, *args, **kwargs)
        except (SettingsError, StorageError) as error:
            raise click.ClickException(str(error) or str(error.__doc__)) from None

    return run
