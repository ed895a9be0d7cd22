"""The last line of a start: where the server is, and whether its model answers."""

import asyncio
from socket import socket

from graph.models.chat import NoModel
from nodes.answer.attempts import Model
from nodes.errors import ModelProblem


async def ask(model: Model, second: Model | None) -> tuple[ModelProblem | None, ModelProblem | None]:
    """Ask both models for a few tokens; returns why each does not answer."""
    if second is None:
        return await model.ask(), None
    return await asyncio.gather(model.ask(), second.ask())


def start_line(
    host: str, listening: list[socket], label: str, problem: ModelProblem | None, second: ModelProblem | None
) -> str:
    """The line.

    Args:
        host: as it was given.
        listening: the sockets that are served.
        label: the model's name.
        problem, second: why the model and the second model do not answer.
    """
    shown = f"[{host}]" if ":" in host else host
    at = f"Frontdesk is at http://{shown}:{listening[0].getsockname()[1]}"
    if label == NoModel.label:
        return f"{at} and gives prepared answers, because no model is set (OPENAI_API_KEY or OPENAI_BASE_URL)"
    line = f"{at}, but the model does not answer: {problem.detail}" if problem else f"{at} and {label} answers"
    return f"{line}; the second model does not answer: {second.detail}" if second else line
