"""/keys: the API keys of a user."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.api_keys import new_key
from api.auth.user import NO_KEY, User
from api.openapi import SIGNED_IN, refusals
from api.parameters import clean_and_mask
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from storage.api_keys import MAX_KEYS, ApiKey, KeyScope, TooManyKeys

DAY_SECONDS = 86_400


class KeyRequest(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"name": "my laptop"}})

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(clean_and_mask)]
    """What its user knows it by."""
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=2)] = ["chat"]
    """`chat`: send messages, and follow, stop and delete what was sent. `read`: read everything of the user's."""
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Null: it does not expire."""


class CreatedKey(ApiKey):
    """A new key; this is the only time that it is shown."""

    key: str


class KeyList(TypedDict):
    """The user's keys."""

    items: list[ApiKey]


@post("/", guards=[require_json], responses=refusals(403, 413, 415))
async def create_key(
    data: JSONBody[KeyRequest],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
) -> CreatedKey:
    """Make an API key. It is shown this once."""
    made, name = new_key(), clean_and_mask(data.name, also=service.dependencies.options.mask)
    seconds = None if data.expires_in_days is None else data.expires_in_days * DAY_SECONDS
    try:
        kept = await user_data.keys.create(
            user.user_id, made.key_hash, hint=made.hint, name=name, scopes=set(data.scopes), seconds=seconds
        )
    except TooManyKeys:
        raise Problem(400, "invalid_request", f"You have {MAX_KEYS} keys already; revoke one first.") from None
    return CreatedKey(**kept, key=made.key)


@get("/", responses=refusals(403))
async def keys(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> KeyList:
    """Your API keys, the newest first."""
    return KeyList(items=await user_data.keys.list(user.user_id))


@delete("/{key_id:uuid}", responses=refusals(403, 404))
async def revoke_key(user: NamedDependency[User], user_data: NamedDependency[UserData], key_id: FromPath[UUID]) -> None:
    """Revoke an API key; it ends within five seconds."""
    if not await user_data.keys.revoke(user.user_id, key_id):
        raise Problem(404, "not_found", "There is no such key.")


router = Router("/keys", route_handlers=[create_key, keys, revoke_key], opt=NO_KEY, security=SIGNED_IN, tags=["keys"])
