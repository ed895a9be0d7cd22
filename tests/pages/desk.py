"""The chat page in a person's words."""

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect


@dataclass(frozen=True)
class Desk:
    """The page, and where on it things are."""

    page: Page

    @property
    def field(self) -> Locator:
        """Where messages are typed."""
        return self.page.get_by_label("Message", exact=True)

    @property
    def hint(self) -> Locator:
        """What is said beside it."""
        return self.page.locator("#hint")

    @property
    def mine(self) -> Locator:
        """What the person said."""
        return self.page.locator("article.mine .words")

    @property
    def answers(self) -> Locator:
        """What was answered."""
        return self.page.locator("article.answer .sheet")

    @property
    def last(self) -> Locator:
        """The last answer with all that belongs to it."""
        return self.page.locator("article.answer").last

    @property
    def state(self) -> Locator:
        """What is going on with the last answer."""
        return self.last.locator(".state")

    @property
    def conversations(self) -> Locator:
        """The titles at the side."""
        return self.page.locator("#conversations li")

    def button(self, name: str) -> Locator:
        """The button that says so."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def send(self, text: str) -> None:
        """Type it and press Enter, once the answer before it has ended: its last word is not its end."""
        await self.field.fill(text)
        await expect(self.button("Send")).to_be_enabled()
        await self.field.press("Enter")
