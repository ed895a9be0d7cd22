"""The door for clients of OpenAI's API, under `/v1`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.openai.errors import REFUSALS, AddHeaders
from api.doors.openai.models import model, models
from api.openapi import SIGNED_IN

router = Router(
    "/v1",
    route_handlers=[models, model],
    middleware=[AddHeaders()],
    exception_handlers=REFUSALS,
    opt=CHAT,
    security=SIGNED_IN,
    tags=["OpenAI"],
)
