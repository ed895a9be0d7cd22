"""The door for clients of AG-UI 1.0 (`HttpAgent`), under `/ag-ui`."""

from litestar import Router

from api.auth.user import CHAT
from api.doors.ag_ui.refusals import REFUSALS
from api.doors.ag_ui.runs import cancel_run, run_agent, run_events
from api.openapi import SIGNED_IN

router = Router(
    "/ag-ui",
    route_handlers=[run_agent, run_events, cancel_run],
    exception_handlers=REFUSALS,
    opt=CHAT,
    security=SIGNED_IN,
    tags=["AG-UI"],
)
