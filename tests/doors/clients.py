"""The clients, signed in."""

from typing import Any
from uuid import UUID

from openai import AsyncOpenAI

from tests.support.app import Frontdesk
from tests.support.process import Process


def token_of(server: Frontdesk | Process, user: UUID) -> str:
    """A token of this user's."""
    return server.client(user).headers["Authorization"].removeprefix("Bearer ")


def openai_client(server: Frontdesk | Process, user: UUID, max_retries: int = 2) -> Any:
    """OpenAI's own client; without its types, because what it is sent comes from dictionaries here."""
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key=token_of(server, user), max_retries=max_retries)
