"""GET /employees: the six employees."""

from litestar import get
from typing_extensions import TypedDict

from nodes.employees import EMPLOYEES


class Card(TypedDict):
    """An employee, as clients show one."""

    slug: str
    name: str
    title: str
    emoji: str
    does: str
    examples: list[str]
    """Questions to begin with."""
    aliases: list[str]
    """Other names that are accepted in place of the slug."""


@get("/employees")
async def employees() -> list[Card]:
    """The six employees: who they are, what they do, and two questions to begin with."""
    return [
        Card(
            slug=one.slug,
            name=one.name,
            title=one.title,
            emoji=one.emoji,
            does=one.does,
            examples=list(one.examples),
            aliases=list(one.aliases),
        )
        for one in EMPLOYEES
    ]
