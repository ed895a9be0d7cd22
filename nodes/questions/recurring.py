"""Questions for what comes again or became dearer, and for what is unusual."""

import re
from dataclasses import replace

from nodes.questions.asked import Asked, Facts, NotUnderstood, Unexplained
from nodes.questions.grammar import Intent, explain
from nodes.questions.names import Name
from nodes.questions.reading import Reading
from nodes.questions.sums import compare, grouped, of_rows, totals

_STANDING = frozenset({"housing", "insurance", "phone_internet", "subscriptions", "utilities"})
"""Categories of payments that come again, so that a rise is one of the price."""


def recurring(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What comes again, or became dearer."""
    merchant = next((one.value for one in reading.named("merchant")), None)
    categories = {one.value for one in reading.named("category")}
    if re.search(r"\bsubscriptions?\b", reading.text) and not merchant:
        categories.add("subscriptions")
        if reading.periods and intent == "recurring" and not re.search(r"\b(?:which|what|new|list)\b", reading.text):
            took = ("I took “subscriptions” as the category.",)
            named = reading._replace(
                names=[*reading.names, Name("category", "subscriptions", "subscriptions", None)],
                text=re.sub(r"\bsubscriptions?\b", "CATEGORY", reading.text),
            )
            return replace(totals("totals", named, facts), took=took)
    if re.match(r"(?:which|what) CATEGORY\b", reading.text) and categories != {"subscriptions"}:
        raise NotUnderstood  # which single things were bought, no bank says
    rise = intent == "price_rises" and not re.search(r"\bspen\w+\b|\bmore\b(?! expensive)", reading.text)
    if rise and categories and len(reading.periods) == 1 and categories <= _STANDING and "compare" not in reading.text:
        raise NotUnderstood  # whether a price rose in a period, which no sum says
    priced = rise and not reading.periods and categories <= _STANDING
    if categories and not (categories == {"subscriptions"} or priced):
        if intent == "price_rises":
            return compare("compare", reading, facts)
        return grouped("grouped", reading, facts)
    if reading.periods and merchant and intent == "recurring":
        return totals("totals", reading, facts)
    if (
        intent == "price_rises"
        and not merchant
        and not categories
        and not re.search(r"\b(?:subscr|recurring|contract|bill|price)", reading.text)
    ):
        return compare("compare", reading, facts)
    if reading.periods or re.search(r"\b(?:aside|save)\b", reading.text):
        raise Unexplained
    explain(reading.text, intent)
    what = "received" if intent == "recurring_income" else "spent"
    which = {"categories": sorted(categories)} if categories else {}
    return Asked("recurring", {"what": what, **which}, "price_rises" if intent == "price_rises" else None, merchant)


def anomalies(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """What is unusual."""
    return Asked("anomalies", of_rows(intent, reading))
