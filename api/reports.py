"""Metrics, turns and costs as far as their reader may see them; those of other users are an entry in the audit log."""

import math

from api.auth.user import User
from api.metrics_period import Period
from graph.account import UserData
from graph.costs import CostReport
from storage.metrics_queries import MetricsReport
from storage.turn_metrics import TurnOrder, TurnSummary


class MetricsSummary(MetricsReport):
    """Metrics of the turns in a range; for administrators of all users."""

    range: str
    hours: int


async def summary_of(user: User, user_data: UserData, period: Period) -> MetricsSummary:
    """Metrics of the turns that this user may see; an entry in the audit log where they are those of others."""
    if user.admin:
        await user_data.audit.record(user.user_id, "metrics_summary", period.detail)
        report = await user_data.metrics.for_all_users(period.window, period.only)
    else:
        report = await user_data.metrics.for_user(user.user_id, period.window, period.only)
    return MetricsSummary(range=period.range, hours=math.ceil(period.window.hours), **report)


async def turns_of(user: User, user_data: UserData, period: Period, order: TurnOrder, limit: int) -> list[TurnSummary]:
    """The turns that this user may see in this order; an entry in the audit log where they are those of others."""
    if not user.sees_others:
        return await user_data.turn_metrics.of_user(user.user_id, order, period.window, period.only, limit=limit)
    await user_data.audit.record(user.user_id, "turns", f"order={order}&{period.detail}")
    return await user_data.turn_metrics.of_all_users(order, period.window, period.only, limit=limit)


async def costs_of(user: User, user_data: UserData, period: Period) -> CostReport:
    """What the answers cost that this user may see; an entry in the audit log where they are those of others."""
    if not user.admin:
        return await user_data.costs.of_user(user.user_id, period.window, period.only)
    await user_data.audit.record(user.user_id, "costs", period.detail)
    return await user_data.costs.of_all_users(user.user_id, period.window, period.only)
