"""All doors: a new one is an import and a line here."""

from litestar.types import ControllerRouterHandler

from api.doors import ag_ui, ai_sdk, langgraph, openai

DOORS: list[ControllerRouterHandler] = [
    openai.router,
    ai_sdk.router,
    ag_ui.router,
    langgraph.router,
]
