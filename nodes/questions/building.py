"""From a frame and what fills its slots to the tool that answers, with its arguments.

No word is looked at for what is asked: that is the frame.
"""

import re
from collections.abc import Mapping

from nodes.questions import forecasts, plans, rows
from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.documents import FILE_NAME, KINDS, NAMED_SO, of_receipts, topic
from nodes.questions.frames import Frame
from nodes.questions.reading import Reading
from nodes.questions.restrictions import document_words
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


def _match_receipts(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.names or reading.periods:
        raise NotUnderstood
    return Asked("match_receipts")


def _import_report(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.periods or reading.named("category"):
        raise NotUnderstood
    file = FILE_NAME.search(reading.plain)
    return Asked("import_report", {"name": file[0]} if file else {})


def _list_documents(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    accounts = [one.value for one in reading.named("account")]
    if reading.periods or len(reading.names) != len(accounts) or len(accounts) > 1:
        raise NotUnderstood
    kind = next((kind for kind, named in KINDS.items() if re.search(rf"\b{named}\b", reading.plain)), None)
    if accounts and kind != "statement":
        raise NotUnderstood
    account = {"account": accounts[0]} if accounts else {}
    return Asked("list_documents", {**({"kind": kind} if kind else {}), **account})


def _find_document(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if said := topic(reading.plain):
        words = [word for word in said.split() if word not in document_words()]
        return Asked("find_in_documents", of_receipts(" ".join(words) or said, reading.plain))
    called = reading.named("merchant")
    about = [one.said for one in reading.names if not (called and one.took and one.kind == "category")]
    about += [word for word in re.findall(r"[a-zà-ÿ0-9][\w'’-]*", reading.masked) if word not in document_words()]
    about = about or re.findall(rf"\b(?:{NAMED_SO})\b", reading.masked)
    if not about or len(about) > 6:
        raise NotUnderstood
    kind = {"kind": "receipt"} if re.search(rf"\b{KINDS['receipt']}\b", reading.plain) else {}
    return Asked("find_in_documents", {"about": " ".join(about), **kind})


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
    "find_document": _find_document, "match_receipts": _match_receipts, "import_report": _import_report,
    "list_documents": _list_documents,
}  # fmt: skip
