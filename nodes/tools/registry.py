"""All tools: those that an employee has, and how one of them is called with arguments that nobody has checked."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from nodes.employees import EMPLOYEES, Slug
from nodes.tools import ahead, balances, byte, crystal, forecast, goalie, ledger, patterns, payments, prime, tag
from nodes.tools.results import Result, with_texts
from nodes.tools.tool import BadArguments, Call, Tool

CALL_SECONDS = 3.0
"""Of one call."""

TOOLS: tuple[Tool, ...] = (
    *crystal.TOOLS, *payments.TOOLS, *patterns.TOOLS, *ahead.TOOLS, *forecast.TOOLS, *balances.TOOLS, *ledger.TOOLS,
    *byte.TOOLS, *tag.TOOLS, *goalie.TOOLS, *prime.TOOLS,
)  # fmt: skip
TOOLS_OF: Mapping[Slug, Sequence[Tool]] = {
    who.slug: tuple(tool for tool in TOOLS if who.slug in tool.employees and who.slug not in tool.untold)
    for who in EMPLOYEES
}
"""Those that a model is told of."""
_BY_NAME = {tool.name: tool for tool in TOOLS}
assert len(_BY_NAME) == len(TOOLS)


class ToolFailed(Exception):
    """There is no result; the message says why, for the model."""


async def call(context: Call, slug: Slug, name: str, arguments: Mapping[str, Any]) -> Result:
    """Call a tool of an employee.

    Raises:
        ToolFailed: it has no such tool, the arguments are wrong, or it took too long.
        StorageUnavailable: the database is away.
    """
    tool = _BY_NAME.get(name)
    if tool is None or slug not in tool.employees:
        raise ToolFailed(f"There is no tool {name[:64]!r}. There are: {', '.join(one.name for one in TOOLS_OF[slug])}.")
    try:
        checked = tool.arguments.model_validate(arguments)
        async with asyncio.timeout(CALL_SECONDS):
            return with_texts(await tool.run(context, checked))
    except ValidationError as error:
        raise ToolFailed(_first(error)) from None
    except BadArguments as error:
        raise ToolFailed(str(error)) from None
    except TimeoutError:
        raise ToolFailed("This took too long. Ask for a shorter period.") from None


async def call_again(context: Call, name: str, arguments: Mapping[str, Any]) -> Result:
    """Call a tool as one of its employees did before.

    Raises:
        ToolFailed: there is no such tool any more, the arguments do not fit any more, or it took too long.
        StorageUnavailable: the database is away.
    """
    tool = _BY_NAME.get(name)
    return await call(context, tool.employees[0] if tool else "prime", name, arguments)


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "arguments"
    return f"{where}: {first['msg']}"
