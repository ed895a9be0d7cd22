"""Proposals: nothing is written before the user says yes, then once, and it can be undone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from storage.finance.categories import Categories
from storage.finance.documents import Documents
from storage.finance.plans import Plans
from storage.finance.proposals import ProposalKind, Proposals
from storage.finance.rules import Rules
from storage.finance.transactions import TransactionFilter, Transactions
from storage.pool import Pool
from tests.storage.finance.importing import imported, row


async def state(pool: Pool, user: UUID) -> list[object]:
    """All that a proposal may change."""
    rows = await Transactions(pool).list(user, TransactionFilter(), limit=9)
    return [
        [(one["text"], one["category"], one["category_by"], one["receipt_id"]) for one in rows],
        [(rule["pattern"], rule["transactions"]) for rule in await Rules(pool).list(user)],
        await Plans(pool).budgets(user),
        [(goal["name"], goal["target"]) for goal in await Plans(pool).goals(user)],
    ]


async def proposal(pool: Pool, user: UUID, kind: ProposalKind, content: Mapping[str, Any]) -> UUID:
    """A proposal that was made."""
    made = uuid4()
    for _twice in range(2):
        await Proposals(pool).add(user, made, None, kind, content)
    return made


@pytest.fixture
async def contents(pool: Pool, ada: UUID) -> Mapping[ProposalKind, Mapping[str, Any]]:
    """A proposal of each kind, about rows of the user."""
    receipt = await imported(pool, ada, [row(1, "-9", "Bakery"), row(2, "-5", "Cinema")])
    cinema, bakery = await Transactions(pool).list(ada, TransactionFilter(), limit=9)
    ids = [str(bakery["transaction_id"]), str(cinema["transaction_id"])]
    gone = {"transaction_id": str(uuid4()), "category": "groceries", "by": "similar"}
    return {
        "categories": {
            "items": [{"transaction_id": ids[0], "category": "groceries", "by": "similar"}, gone,
                      {"transaction_id": ids[1], "category": "no_such", "by": "similar"}]
        },
        "rule": {"field": "any", "match": "contains", "pattern": "BAKERY", "category": "groceries"},
        "receipts": {"items": [{"transaction_id": ids[0], "document_id": str(receipt)}]},
        "budget": {"category": "groceries", "currency": "EUR", "amount": "300.00"},
        "goal": {"name": "Bike", "target": "900", "currency": "EUR", "due_on": "2027-03-01"},
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["categories", "rule", "receipts", "budget", "goal"])
async def test_a_proposal_is_written_once_it_is_accepted(
    pool: Pool, ada: UUID, contents: Mapping[ProposalKind, Mapping[str, Any]], kind: ProposalKind
) -> None:
    """Once, however often it is accepted; undoing it leaves what was before."""
    proposals, before = Proposals(pool), await state(pool, ada)
    made = await proposal(pool, ada, kind, contents[kind])
    assert [one["proposal_id"] for one in await proposals.open(ada, limit=9)] == [made]
    assert await state(pool, ada) == before
    accepted = [await proposals.accept(ada, made) for _twice in range(2)]
    assert [one and one["status"] for one in accepted] == ["accepted", "accepted"]
    written = await state(pool, ada)
    assert written != before
    assert await proposals.refuse(ada, made) == accepted[1]
    assert await state(pool, ada) == written
    undone = await proposals.undo(ada, made)
    assert undone
    assert undone["status"] == "undone"
    assert await proposals.undo(ada, made) == undone
    assert await state(pool, ada) == before
    assert await proposals.accept(ada, made) == undone
    assert await state(pool, ada) == before


async def test_a_refused_proposal_is_not_written(
    pool: Pool, ada: UUID, contents: Mapping[ProposalKind, Mapping[str, Any]]
) -> None:
    """Also not where it is accepted later."""
    made, before = await proposal(pool, ada, "goal", contents["goal"]), await state(pool, ada)
    await Proposals(pool).refuse(ada, made)
    await Proposals(pool).accept(ada, made)
    assert await state(pool, ada) == before
    assert await Proposals(pool).accept(ada, uuid4()) is None


async def test_what_a_user_chose_is_never_changed(
    pool: Pool, ada: UUID, contents: Mapping[ProposalKind, Mapping[str, Any]]
) -> None:
    """Neither by accepting a proposal, nor by undoing one."""
    bakery = (await Transactions(pool).list(ada, TransactionFilter(words=["bakery"]), limit=1))[0]["transaction_id"]
    made = await proposal(pool, ada, "categories", contents["categories"])
    await Proposals(pool).accept(ada, made)
    await Transactions(pool).categorise(ada, [bakery], "gifts")
    before = await state(pool, ada)
    await Proposals(pool).undo(ada, made)
    await Proposals(pool).accept(ada, await proposal(pool, ada, "categories", contents["categories"]))
    await Proposals(pool).accept(ada, await proposal(pool, ada, "rule", contents["rule"]))
    assert (await state(pool, ada))[0] == before[0]


async def test_a_proposal_about_what_is_gone_writes_nothing(
    pool: Pool, ada: UUID, contents: Mapping[ProposalKind, Mapping[str, Any]]
) -> None:
    """Its document was deleted meanwhile, or its category."""
    (document,) = await Documents(pool).list(ada, limit=9)
    await Categories(pool).delete(ada, "groceries")
    await Documents(pool).delete(ada, document["document_id"])
    before = await state(pool, ada)
    for kind in ("categories", "rule", "receipts", "budget"):
        accepted = await Proposals(pool).accept(ada, await proposal(pool, ada, kind, contents[kind]))
        assert accepted
        assert accepted["status"] == "accepted"
    assert await state(pool, ada) == before
