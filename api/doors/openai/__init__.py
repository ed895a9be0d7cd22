"""The door for clients of OpenAI's API, under `/v1`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.openai.chat_completions import chat_completions
from api.doors.openai.conversations import (
    change_conversation,
    conversation_items,
    create_conversation,
    create_items,
    read_conversation,
    read_item,
    remove_conversation,
    remove_item,
)
from api.doors.openai.errors import REFUSALS, AddHeaders
from api.doors.openai.models import model, models
from api.doors.openai.responses import (
    cancel_response,
    create_response,
    delete_response,
    input_items,
    read_response,
)
from api.openapi import SIGNED_IN

router = Router(
    "/v1",
    route_handlers=[
        models, model, chat_completions,
        create_response, read_response, cancel_response, delete_response, input_items,
        create_conversation, read_conversation, change_conversation, remove_conversation,
        conversation_items, create_items, read_item, remove_item,
    ],
    middleware=[AddHeaders()],
    exception_handlers=REFUSALS,
    opt=CHAT,
    security=SIGNED_IN,
    tags=["OpenAI"],
)  # fmt: skip
