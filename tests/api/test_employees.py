"""GET /employees."""

from uuid import UUID

from tests.support.app import Frontdesk

SLUGS = ["prime", "crystal", "ledger", "byte", "tag", "goalie"]


async def test_the_six_employees_are_listed(frontdesk: Frontdesk) -> None:
    """Without signing in, with all that a page shows of them."""
    async with frontdesk.client(None) as client:
        response = await client.get("/employees")
    assert response.status_code == 200
    cards = response.json()
    assert [card["slug"] for card in cards] == SLUGS
    for card in cards:
        assert all(card[field] for field in ("name", "title", "emoji", "does"))
        assert len(card["examples"]) == 2


async def test_an_employee_can_be_asked_by_slug_and_by_every_alias(frontdesk: Frontdesk, ada: UUID) -> None:
    """POST /chat accepts what the list says."""
    async with frontdesk.client(ada) as client:
        card = (await client.get("/employees")).json()[1]
    assert card["aliases"] == ["crystal-analytics", "crystal-ai"]
    for name in (card["slug"], *card["aliases"]):
        assert (await frontdesk.chat(ada, "Hello", employee=name)).headers["x-employee"] == "crystal"


async def test_an_employees_examples_are_routed_to_that_employee(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Each example question reaches the employee who lists it."""
    async with frontdesk.client(None) as client:
        cards = (await client.get("/employees")).json()
    for user, number in ((ada, 0), (bob, 1)):
        chosen = [(await frontdesk.chat(user, card["examples"][number])).headers["x-employee"] for card in cards]
        assert chosen == SLUGS
