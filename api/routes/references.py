"""/references: what tools computed for answers, so that each figure can be opened."""

from decimal import Decimal
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from api.auth.user import User
from api.csv_tables import to_csv
from api.openapi import SIGNED_IN, refusals
from api.problems import Problem
from graph.account import UserData
from graph.references import OpenedReference
from nodes.tools.results import ColumnKind


@get("/{reference_id:uuid}", responses=refusals(404))
async def reference(
    user: NamedDependency[User], user_data: NamedDependency[UserData], reference_id: FromPath[UUID]
) -> OpenedReference:
    """What a tool computed for an answer of yours."""
    found = await user_data.references.open(user.user_id, reference_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such reference.")
    return found


@get(
    "/{reference_id:uuid}/csv",
    media_type="text/csv",
    responses={
        200: ResponseSpec(str, description="CSV.", media_type="text/csv", generate_examples=False),
        **refusals(404),
    },
)
async def reference_csv(
    user: NamedDependency[User], user_data: NamedDependency[UserData], reference_id: FromPath[UUID]
) -> Response[str]:
    """The table of a result, up to 50 rows, as CSV."""
    found = await reference.fn(user, user_data, reference_id)
    names = [column["name"] for column in found["columns"]]
    kinds = [column["kind"] for column in found["columns"]]
    text = to_csv([dict(zip(names, map(_cell, row, kinds), strict=True)) for row in found["rows"]])
    headers = {"Content-Disposition": 'attachment; filename="result.csv"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: str | None, kind: ColumnKind) -> str | Decimal | None:
    """A cell, whose amounts are no texts."""
    return Decimal(value) if value and kind in ("amount", "number", "percent") else value


router = Router("/references", route_handlers=[reference, reference_csv], security=SIGNED_IN, tags=["references"])
