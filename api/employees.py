"""GET /employees: the team."""

from typing import Any

from litestar import get

from nodes.employees import EMPLOYEES


@get("/employees")
async def employees() -> list[dict[str, Any]]:
    """The six employees: who they are, what they do, and two questions to begin with."""
    return [
        {
            "slug": one.slug,
            "name": one.name,
            "title": one.title,
            "emoji": one.emoji,
            "does": one.does,
            "examples": list(one.examples),
            "aliases": list(one.aliases),
        }
        for one in EMPLOYEES
    ]
