"""GET /me: who is signed in. /settings: what a user chose for all conversations."""

from uuid import UUID

from litestar import get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from api.auth.user import User
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from api.parameters import Switch
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from storage.users import UserSettings


class SignedIn(TypedDict):
    """The user of the request's token or cookie."""

    user_id: UUID
    email: str | None
    """None where the token has none, and in local mode."""
    admin: bool


class SettingsInForce(UserSettings):
    """A user's settings, with what the server's own mean for them."""

    max_message_chars: int
    """Characters of a message; what is longer is cut."""


class Changes(BaseModel):
    """Settings to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    memory: Switch | None = None


@get("/me", security=SIGNED_IN, tags=["account"], responses=refusals())
async def me(user: NamedDependency[User]) -> SignedIn:
    """Who you are."""
    return SignedIn(user_id=user.user_id, email=user.email, admin=user.admin)


@get("/settings", security=SIGNED_IN, tags=["account"], responses=refusals())
async def settings(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    limits: NamedDependency[RequestLimits],
) -> SettingsInForce:
    """Your settings; the headers say what is left of your messages."""
    await limits.show_messages()
    return await _in_force(user, user_data, service)


@patch("/settings", guards=[require_json], security=SIGNED_IN, tags=["account"], responses=refusals(413, 415))
async def change_settings(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    data: JSONBody[Changes],
) -> SettingsInForce:
    """Change settings; they count from your next message on."""
    if data.memory is not None:
        await user_data.users.switch_memory(user.user_id, on=data.memory)
    return await _in_force(user, user_data, service)


async def _in_force(user: User, user_data: UserData, service: Service) -> SettingsInForce:
    chosen = await user_data.users.settings(user.user_id)
    return SettingsInForce(**chosen, max_message_chars=service.dependencies.options.max_chars)
