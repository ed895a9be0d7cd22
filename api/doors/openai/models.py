"""Models as OpenAI lists them: `frontdesk`, which chooses who answers, and each employee under slug and aliases."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.openai.errors import refusals
from api.problems import Problem
from nodes.employees import EMPLOYEES

ROUTED = "frontdesk"
"""The model that leaves the choice to the router."""
NAMES = (ROUTED, *(name for one in EMPLOYEES for name in (one.slug, *one.aliases)))
CREATED = 1_795_910_400
"""When all of them came, in Unix time: clients want a date, and sort by it."""


class Model(TypedDict):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["frontdesk"]


class ModelList(TypedDict):
    """All of them."""

    object: Literal["list"]
    data: list[Model]


def employee_of(name: str) -> str | None:
    """Who answers under this model's name; None where the router chooses.

    Raises:
        Problem: 404, there is no such model.
    """
    if name not in NAMES:
        raise Problem(404, "not_found", f"There is no model {name[:64]!r}. GET /v1/models lists them.")
    return None if name == ROUTED else name


@get("/models", responses=refusals())
async def models(user: NamedDependency[User]) -> ModelList:  # noqa: ARG001 - who is not signed in gets 401
    """The models: `frontdesk` and the employees."""
    return ModelList(object="list", data=[_model(name) for name in NAMES])


@get("/models/{name:str}", responses=refusals(404))
async def model(user: NamedDependency[User], name: FromPath[str]) -> Model:  # noqa: ARG001
    """One model."""
    employee_of(name)
    return _model(name)


def _model(name: str) -> Model:
    return Model(id=name, object="model", created=CREATED, owned_by="frontdesk")
