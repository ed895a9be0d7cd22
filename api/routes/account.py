"""A user's account: export everything, or erase it."""

from collections.abc import AsyncGenerator

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from api.auth.user import User
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from graph.account import UserData

NDJSON = "application/x-ndjson"


@get(
    "/export",
    media_type=NDJSON,
    security=SIGNED_IN,
    tags=["account"],
    responses={
        200: ResponseSpec(str, description="One JSON document a line.", media_type=NDJSON, generate_examples=False),
        **refusals(409, 429),
    },
)
async def export(
    user: NamedDependency[User], user_data: NamedDependency[UserData], limits: NamedDependency[RequestLimits]
) -> Stream:
    """Everything stored about you, one JSON document a line; `frontdesk import` reads it."""
    await limits.take("export")
    lines = user_data.exporter.lines(user.user_id)
    first = await anext(lines)  # so that an unavailable database is an error and not a cut-off response
    headers = {"Content-Disposition": 'attachment; filename="frontdesk.ndjson"', "Cache-Control": "no-store"}
    return Stream(_bytes(first, lines), media_type=NDJSON, headers=headers)


async def _bytes(first: str, lines: AsyncGenerator[str]) -> AsyncGenerator[bytes]:
    yield first.encode() + b"\n"
    async for line in lines:
        yield line.encode() + b"\n"


@delete("/account", security=SIGNED_IN, tags=["account"], responses=refusals())
async def erase(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> None:
    """Erase everything stored about you. Metrics stay, without your id."""
    await user_data.erase_account(user.user_id)
