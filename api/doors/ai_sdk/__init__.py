"""The door for the AI SDK's clients (`useChat`, UI message stream version 1), under `/api/chat`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.ai_sdk.chats import chat_messages, resume_chat, send_message, stop_chat
from api.openapi import SIGNED_IN

router = Router(
    "/api/chat",
    route_handlers=[send_message, resume_chat, stop_chat, chat_messages],
    opt=CHAT,
    security=SIGNED_IN,
    tags=["AI SDK"],
)
