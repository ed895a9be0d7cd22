"""What every command begins with: settings that are fit, or one line that says what is not."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from graph.settings import Settings, SettingsError
from storage.errors import StorageError

CHATTY = ("httpx", "httpx2", "openai", "langchain_core", "stamina", "uvicorn")
"""Libraries that log each request, or each step of a start, at the level of news."""


def settled(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the settings; end it with one line where they, or the database, are not fit."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            settings = Settings.read()
            logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
            for name in CHATTY:
                logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
            return command(settings, *args, **kwargs)
        except (SettingsError, StorageError) as error:
            raise click.ClickException(str(error)) from None

    return run
