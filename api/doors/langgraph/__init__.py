"""The door for clients of LangGraph's Agent Server, under `/langgraph`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.langgraph import new_runs
from api.doors.langgraph.assistants import (
    alive,
    info,
    read_assistant,
    read_graph,
    read_schemas,
    search_assistants,
)
from api.doors.langgraph.commands import command
from api.doors.langgraph.errors import REFUSALS
from api.doors.langgraph.runs import cancel_run, join_run, join_stream, list_runs, read_run
from api.doors.langgraph.states import find_state, read_history, read_state, read_state_at
from api.doors.langgraph.thread_stream import stream_thread
from api.doors.langgraph.threads import (
    change_thread,
    create_thread,
    delete_thread,
    read_thread,
    search_threads,
)
from api.openapi import SIGNED_IN

router = Router(
    "/langgraph",
    route_handlers=[
        alive, info, search_assistants, read_assistant, read_graph, read_schemas,
        create_thread, search_threads, read_thread, change_thread, delete_thread,
        read_state, read_state_at, find_state, read_history,
        new_runs.IN_A_THREAD, new_runs.ALONE,
        list_runs, read_run, join_stream, join_run, cancel_run,
        command, stream_thread,
    ],
    exception_handlers=REFUSALS,
    opt=CHAT,
    security=SIGNED_IN,
    tags=["LangGraph"],
)  # fmt: skip
