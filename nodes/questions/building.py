"""From a frame and what fills its slots to the tool that answers, with its arguments.

No word is looked at for what is asked: that is the frame.
"""

from collections.abc import Mapping

from nodes.questions import documents, forecasts, plans, rows
from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.frames import Frame
from nodes.questions.reading import Reading
from nodes.questions.rows import Build


def build(frame: Frame, reading: Reading, facts: Facts) -> Asked:
    """The tool that answers a question of this frame.

    Raises:
        NotUnderstood: the tool cannot say it.
    """
    if frame not in _BUILDERS:
        raise NotUnderstood
    return _BUILDERS[frame](reading, facts)


def _why_category(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    merchants = {one.value for one in reading.named("merchant")}
    if len(merchants) != 1 or reading.periods:
        raise NotUnderstood
    return Asked("why_category", {"merchant": next(iter(merchants))})


def _propose_categories(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.names or reading.periods:
        raise NotUnderstood
    return Asked("propose_categories")


def _propose_rule(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    merchants, categories = reading.named("merchant"), reading.named("category")
    if len(merchants) != 1 or len(categories) != 1:
        raise NotUnderstood
    return Asked("propose_rule", {"pattern": merchants[0].value, "category": categories[0].value})


_BUILDERS: Mapping[Frame, Build] = {
    "spent_total": rows.spent, "income_total": rows.income, "net": rows.net, "count": rows.count,
    "average_month": rows.average_month, "largest": rows.largest, "list": rows.list_payments,
    "compare": rows.compare, "largest_changes": rows.changes, "by_category": rows.grouped("category"),
    "by_month": rows.grouped("month"), "by_merchant": rows.grouped("merchant"), "recurring": plans.recurring,
    "recurring_income": plans.recurring_income, "price_rises": plans.price_rises, "anomalies": rows.anomalies,
    "forecast": forecasts.forecast, "overview": plans.overview, "budget_status": plans.budget,
    "deductible": plans.deductible, "missing_receipts": plans.missing_receipts, "vat": rows.vat,
    "goal_progress": plans.goal_progress, "monthly_amount": plans.monthly_amount,
    "reached_when": plans.reached_when, "debt_order": plans.debt_order, "pay_off": plans.pay_off,
    "why_category": _why_category, "propose_categories": _propose_categories, "propose_rule": _propose_rule,
    "balance": plans.balance, "due": plans.due, "debt_sum": plans.debt_sum, "average_payment": rows.average_payment,
    "charged_twice": rows.charged_twice, "find_amount": rows.find_amount, "when_last": rows.when_last,
    "find_document": documents.find_document, "list_documents": documents.list_documents,
    "match_receipts": documents.match_receipts, "import_report": documents.import_report,
}  # fmt: skip
