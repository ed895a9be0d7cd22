"""The door for clients of LangGraph's Agent Server, under `/langgraph`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.langgraph.assistants import (
    alive,
    info,
    read_assistant,
    read_graph,
    read_schemas,
    search_assistants,
)
from api.doors.langgraph.errors import REFUSALS
from api.doors.langgraph.new_runs import (
    create_run,
    create_run_alone,
    stream_run,
    stream_run_alone,
    wait_for_run,
    wait_for_run_alone,
)
from api.doors.langgraph.runs import cancel_run, join_run, join_stream, list_runs, read_run
from api.doors.langgraph.states import find_state, read_history, read_state, read_state_at
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
        stream_run, stream_run_alone, wait_for_run, wait_for_run_alone, create_run, create_run_alone,
        list_runs, read_run, join_stream, join_run, cancel_run,
    ],
    exception_handlers=REFUSALS,
    opt=CHAT,
    security=SIGNED_IN,
    tags=["LangGraph"],
)  # fmt: skip
