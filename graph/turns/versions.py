"""Another version of a turn: what it is made of, and what cannot be one."""

from typing import cast
from uuid import UUID

from nodes.employees import find
from nodes.state import FinishReason, RouteReport, Version, route_report
from storage.turns import VersionKind
from storage.versions import Original

CUT = ("length", "timeout", "stopped")
"""The finish reasons of answers that can be continued."""


class InvalidVersion(Exception):
    """The turn cannot have such a version; the message says why."""


def version_of(original: Original, turn_id: UUID, kind: VersionKind) -> Version:
    """What a version of that kind is made of.

    Raises:
        InvalidVersion: the answer was not cut, so there is nothing to continue.
    """
    if kind == "continue" and (not original["answer"] or original["finish_reason"] not in CUT):
        raise InvalidVersion("continue: the answer of that turn is not cut")
    return Version(
        kind=kind,
        replaces=str(turn_id),
        route=None if kind == "edit" else _same_route(original),
        last_employee=original["last_employee"],
        so_far=original["answer"] or "" if kind == "continue" else "",
        cut=cast(FinishReason | None, original["finish_reason"]),
    )


def _same_route(original: Original) -> RouteReport | None:
    """Who answered before; an imported turn does not say why."""
    if original["route"]:
        # Without what is stored with it of that turn's own request.
        report = {name: value for name, value in original["route"].items() if name in RouteReport.__annotations__}
        return cast(RouteReport, report)
    who = find(original["employee"])
    if who is None:
        return None
    return route_report(who.slug, "as_before", "conversation")
