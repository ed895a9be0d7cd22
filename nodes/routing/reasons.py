"""Why an employee answers: a code that a page can say in its own language, and the sentence in English."""

from collections.abc import Mapping

from nodes.employees import Slug, employee
from nodes.state import DecidedBy, ReasonCode, RouteReport

SENTENCES: Mapping[ReasonCode, str] = {
    "asked": "you asked for {name}",
    "topic": "reads like a question about {topic}",
    "general": "a general or open question",
    "follow_up": "a follow-up, so it stays with {name}",
    "nothing_new": "nothing new, so it stays with {name}",
    "keyword": "keyword “{keyword}”",
    "example": "like an example",
    "no_rule": "no rule matched",
    "as_before": "the same as before",
    "guard": "stopped by the guard",
}


def route_report(
    slug: Slug,
    code: ReasonCode,
    decided_by: DecidedBy,
    confidence: float = 1.0,
    *,
    runner_up: Slug | None = None,
    keyword: str | None = None,
) -> RouteReport:
    """The report of a choice: who answers, and why.

    Args:
        keyword: the one that was found, for the code `keyword`.
    """
    who = employee(slug)
    return RouteReport(
        employee=slug,
        reason=SENTENCES[code].format(name=who.name, topic=who.title.lower(), keyword=keyword),
        reason_code=code,
        keyword=keyword,
        confidence=confidence,
        runner_up=runner_up,
        decided_by=decided_by,
    )
