"""Tag's tools: why a row has its category, categories for rows without one, and rules. Nothing is written unasked."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid5

from pydantic import Field

from nodes.errors import EmbeddingUnavailable
from nodes.text.translatable import say
from nodes.tools.results import MOST_ROWS, NO_CATEGORY, NOT_WRITTEN_YET, Result, behind, cells, columns, figure
from nodes.tools.tool import Arguments, BadArguments, Call, Tool, category_named, category_names
from storage.finance.merchants import Labelled, Unlabelled
from storage.finance.rules import NewRule, RuleField, RuleMatch
from storage.finance.transactions import Transaction, TransactionFilter

SIMILAR_LETTERS = 0.55
"""Similarity of two names from which one merchant's category is proposed for the other."""
LEAST_BRAND = 5
"""Letters of a first word by which a merchant is taken for a branch of another, whatever follows it."""
SIMILAR_MEANING = 0.75
"""The same by the embedding, where the letters differ."""
MOST_EMBEDDED = 40
"""Names that are embedded in one call: each takes some milliseconds."""


class WhyCategory(Arguments):
    """Arguments of `why_category`."""

    merchant: str = Field(min_length=1, max_length=100, description="Words in the merchant's name or the bank's text.")
    count: int = Field(5, ge=1, le=20)


async def why_category(call: Call, args: WhyCategory) -> Result:
    """Why the last transactions of a merchant have their categories."""
    only = TransactionFilter(words=args.merchant.lower().split())
    found = await call.desk.transactions.list(call.user_id, only, limit=args.count)
    if not found:
        raise BadArguments(f"No transaction has {args.merchant!r} in its text.")
    names = await category_names(call)
    patterns = {rule["rule_id"]: rule for rule in await call.desk.rules.list(call.user_id)}
    return Result(
        words=say("Why transactions of “{merchant}” have their category", merchant=args.merchant),
        method=say("Who gave each transaction its category, as it is stored."),
        figures=[figure(say("Transactions"), len(found), unit="count")],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text"), ("Why", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  names.get(one["category"]), _why(one, patterns))
            for one in found
        ],
        row_count=len(found),
        behind=behind(only),
        notes=[],
    )  # fmt: skip


def _why(one: Transaction, rules: Mapping[Any, Any]) -> str:
    match one["category_by"]:
        case "user":
            return say("You chose it.") if one["category"] else say("You took its category away.")
        case "bank":
            return say("The bank's file says so.")
        case "similar":
            return say("It was proposed because a merchant with a similar name has it, and you accepted it.")
        case "model":
            return say("An AI proposed it, and you accepted it.")
        case "rule" if one["rule_id"] in rules:
            return _rule_words(rules[one["rule_id"]])
        case _:
            return say("It has none yet.")


def _rule_words(rule: Mapping[str, Any]) -> str:
    where = {"any": say("the text"), "text": say("the text"), "counterparty": say("the counterparty")}[rule["field"]]
    match rule["match"]:
        case "contains":
            return say("Your rule: {where} contains “{pattern}”.", where=where, pattern=rule["pattern"])
        case "starts":
            return say("Your rule: {where} starts with “{pattern}”.", where=where, pattern=rule["pattern"])
        case _:
            return say("Your rule: {where} equals “{pattern}”.", where=where, pattern=rule["pattern"])


class ProposeCategories(Arguments):
    """Arguments of `propose_categories`."""

    count: int = Field(MOST_ROWS, ge=1, le=200, description="Of how many transactions at most.")


class Proposed(NamedTuple):
    """A category for a transaction without one."""

    row: Unlabelled
    category: str
    score: float
    like: str
    """The merchant that has it."""


async def propose_categories(call: Call, args: ProposeCategories) -> Result:
    """Categories for transactions without one, from merchants with a similar name."""
    rows = await call.desk.merchants.unlabelled(call.user_id)
    known = await call.desk.merchants.labelled(call.user_id)
    proposed = (await _proposed(call, rows, known))[: args.count]
    items = [
        {"transaction_id": str(one.row["transaction_id"]), "category": one.category, "by": "similar",
         "score": one.score}
        for one in proposed
    ]  # fmt: skip
    names = await category_names(call)
    result = Result(
        words=say("Categories for transactions without one"),
        method=say(
            "The category that the most similar merchant has: by the letters of the name, by its first word, else by"
            " what it means."
        ),
        figures=[
            figure(NO_CATEGORY, len(rows), unit="count"),
            figure(say("Proposed"), len(proposed), unit="count"),
        ],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text"), ("Like", "text"), ("Score", "number")),
        rows=[
            cells(one.row["booked_on"], one.row["label"], one.row["amount"], one.row["currency"],
                  names.get(one.category, one.category), one.like, one.score)
            for one in proposed[:MOST_ROWS]
        ],
        row_count=len(proposed),
        behind=None,
        notes=[NOT_WRITTEN_YET if proposed else say("Nothing is similar enough.")],
    )  # fmt: skip
    if items:
        proposal = uuid5(call.turn_id or call.user_id, f"categories {items}")
        await call.desk.proposals.add(call.user_id, proposal, call.turn_id, "categories", {"items": items})
        result["proposal_id"] = str(proposal)
    return result


async def _proposed(call: Call, rows: Sequence[Unlabelled], known: Sequence[Labelled]) -> list[Proposed]:
    """What is similar enough, the surest first."""
    grams = [(one, trigrams(one["merchant"])) for one in known]
    found: dict[tuple[str, bool], tuple[Labelled, float] | None] = {}
    for row in rows:
        key = (row["merchant"], row["amount"] < 0)
        if key not in found:
            found[key] = nearest(trigrams(row["merchant"]), grams, spent=key[1])
    brands = _brands(known)
    found |= {key: _of_brand(key, brands) for key, near in found.items() if near is None}
    missing = [key for key, near in found.items() if near is None][:MOST_EMBEDDED]
    found |= await _by_meaning(call, missing, known)
    proposed = [
        Proposed(row, near[0]["category"], round(near[1], 2), near[0]["label"])
        for row in rows
        if (near := found[row["merchant"], row["amount"] < 0])
    ]
    return sorted(proposed, key=lambda one: -one.score)


def trigrams(name: str) -> Mapping[str, float]:
    """How often each three letters of a name occur, of length 1."""
    padded = f"  {name} "
    counts = Counter(padded[n : n + 3] for n in range(len(padded) - 2))
    length = math.sqrt(sum(count * count for count in counts.values()))
    return {gram: count / length for gram, count in counts.items()}


def nearest(
    grams: Mapping[str, float], known: Sequence[tuple[Labelled, Mapping[str, float]]], *, spent: bool
) -> tuple[Labelled, float] | None:
    """The merchant whose name is most similar, with the cosine; None below the floor."""
    best: tuple[Labelled, float] | None = None
    for one, others in known:
        if one["spent"] != spent:
            continue
        similarity = sum(weight * others.get(gram, 0.0) for gram, weight in grams.items())
        if similarity >= SIMILAR_LETTERS and (best is None or similarity > best[1]):
            best = (one, similarity)
    return best


def _brands(known: Sequence[Labelled]) -> dict[tuple[str, bool], Labelled]:
    """Merchants by their first word, where all that begin with it have one category: a town's name says nothing."""
    by_word: dict[tuple[str, bool], list[Labelled]] = {}
    for one in known:
        by_word.setdefault((one["merchant"].split(" ")[0], one["spent"]), []).append(one)
    return {
        key: same[0]
        for key, same in by_word.items()
        if len(key[0]) >= LEAST_BRAND and len({one["category"] for one in same}) == 1
    }


def _of_brand(key: tuple[str, bool], brands: Mapping[tuple[str, bool], Labelled]) -> tuple[Labelled, float] | None:
    name, spent = key
    found = brands.get((name.split(" ")[0], spent))
    return (found, SIMILAR_LETTERS) if found else None


async def _by_meaning(
    call: Call, names: Sequence[tuple[str, bool]], known: Sequence[Labelled]
) -> dict[tuple[str, bool], tuple[Labelled, float] | None]:
    """The nearest merchants by embedding; nothing where there is no embedding model."""
    if not names or not known:
        return {}
    try:
        others = [(one, await call.desk.embed(one["label"])) for one in known[:MOST_EMBEDDED]]
        vectors = {key: await call.desk.embed(key[0]) for key in names}
    except EmbeddingUnavailable:
        return {}
    found: dict[tuple[str, bool], tuple[Labelled, float] | None] = {}
    for key, vector in vectors.items():
        scored = [(one, _cosine(vector, other)) for one, other in others if one["spent"] == key[1]]
        best = max(scored, key=lambda pair: pair[1], default=None)
        found[key] = best if best and best[1] >= SIMILAR_MEANING else None
    return found


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0


class ProposeRule(Arguments):
    """Arguments of `propose_rule`."""

    pattern: str = Field(min_length=2, max_length=100)
    category: str = Field(max_length=60, description="Slug or name of a category.")
    field: RuleField = "any"
    match: RuleMatch = "contains"


NEW_RULE: Mapping[RuleMatch, str] = {
    "contains": "A rule: what contains “{pattern}” is {category}",
    "starts": "A rule: what starts with “{pattern}” is {category}",
    "equals": "A rule: what equals “{pattern}” is {category}",
}


async def propose_rule(call: Call, args: ProposeRule) -> Result:
    """A rule, and what it would change."""
    known = await call.desk.categories.list(call.user_id)
    category, names = category_named(known, args.category), await category_names(call)
    rule = NewRule(field=args.field, match=args.match, pattern=args.pattern.lower(), category=category)
    preview = await call.desk.rules.preview(call.user_id, rule)
    only = TransactionFilter(words=[args.pattern.lower()])
    shown = await call.desk.transactions.list(call.user_id, only, limit=10)
    proposal = uuid5(call.turn_id or call.user_id, f"rule {rule}")
    await call.desk.proposals.add(call.user_id, proposal, call.turn_id, "rule", {**rule})
    return Result(
        words=say(NEW_RULE[args.match], pattern=args.pattern, category=names[category]),
        method=say("All transactions whose text matches; a category that you chose yourself is never changed."),
        figures=[
            figure(say("Matching"), preview["matching"], unit="count"),
            figure(say("Would be changed"), preview["changed"], unit="count"),
        ],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category now", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  names.get(one["category"]))
            for one in shown
        ],
        row_count=preview["matching"],
        behind=behind(only),
        notes=[NOT_WRITTEN_YET],
        proposal_id=str(proposal),
    )  # fmt: skip


TOOLS = (
    Tool(
        "why_category", ("tag",), "Says who or what gave a merchant's transactions their category.",
        WhyCategory, why_category,
    ),
    Tool(
        "propose_categories", ("tag",),
        "Proposes categories for transactions without one; the user accepts or refuses.",
        ProposeCategories, propose_categories,
    ),
    Tool(
        "propose_rule", ("tag",),
        "Proposes a rule that gives transactions a category, with what it would change; the user accepts or refuses.",
        ProposeRule, propose_rule,
    ),
)  # fmt: skip
