"""litellm, in a process of its own: makes the calls that it reads as lines of JSON, and prints what each gives.

A call names a function of litellm's and its arguments. What is streamed is printed piece by piece; the last line of a
call has its result or its error.
"""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

litellm: Any = import_module("litellm")  # by name, because what checks types has no litellm
litellm.suppress_debug_info = True  # else it prints advice among the lines
# Of a model that it does not know it asks for a whole response, and makes a stream of that.
litellm.register_model({"openai/prime": {"litellm_provider": "openai", "mode": "chat"}})


def written(line: dict[str, Any]) -> None:
    """Print a line."""
    print(json.dumps(line), flush=True)  # noqa: T201


async def call(function: str, arguments: dict[str, Any]) -> Any:
    """The result of a call; None of what is streamed, which is printed."""
    result = await getattr(litellm, function)(**arguments)
    if not hasattr(result, "__aiter__"):
        return result.model_dump(mode="json", warnings=False)
    async for piece in result:
        written({"piece": piece.model_dump(mode="json", warnings=False)})
    return None


async def main() -> None:
    """Make the calls, one after the other."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            written({"result": await call(asked["function"], asked["arguments"])})
        except Exception as error:  # noqa: BLE001 - which errors there are is what the tests look at
            known = {"type": type(error).__name__, "status": getattr(error, "status_code", None)}
            written({"error": {**known, "code": getattr(error, "code", None), "message": str(error)}})


asyncio.run(main())
