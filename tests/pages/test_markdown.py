"""Markdown in answers: shown while it grows, and never more than a text."""

import asyncio

from playwright.async_api import expect

from tests.pages.desk import Desk
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

RICH = """# Plan

Some **bold**, *soft* and `code`, ~~gone~~, see [the office](https://tax.example/a_(b)?x=1) or https://plain.example/x.

1. first
2. second
   - within
   - again

- [x] done

| what | how much |
|:-----|---------:|
| tea  | 3 \\| 4  |

> said

```python
print("<b>")
```
"""
HOSTILE = """<script>document.title = "taken"</script>
<img src=x onerror="document.title = 'taken'">

[click](javascript:document.title='taken') [data](data:text/html,<script>1</script>) [tab](java\tscript:alert(1))
![picture](https://evil.example/pixel.png) <javascript:alert(1)> <svg/onload=alert(1)>

| <b>a</b> |
|---|
| <iframe src=//evil.example></iframe> |

```html"><img src=x onerror=alert(1)>
</code></pre><script>document.title = "taken"</script>
```
"""


async def shown(desk: Desk, model: ModelServer, text: str) -> None:
    """Have this answered."""
    model.queue(Text([text]), streaming)
    await desk.send("Hello")
    await expect(desk.button("Copy").last).to_be_visible()


async def test_markdown_is_shown_as_what_it_means(desk: Desk, model: ModelServer) -> None:
    """Headings, marks, lists, tables, quotes, code, links."""
    await shown(desk, model, RICH)
    sheet = desk.answers
    await expect(sheet.locator("h3")).to_have_text("Plan")
    for tag, text in {"strong": "bold", "em": "soft", "del": "gone", "p code": "code", "blockquote": "said"}.items():
        await expect(sheet.locator(tag)).to_have_text(text)
    await expect(sheet.locator("ol > li")).to_have_count(2)
    await expect(sheet.locator("ol > li > ul > li")).to_have_text(["within", "again"])
    await expect(sheet.locator("ul")).to_have_count(2)
    await expect(sheet.locator("input[type=checkbox]")).to_be_checked()
    await expect(sheet.locator("td")).to_have_text(["tea", "3 | 4"])
    await expect(sheet.locator("pre")).to_have_text('print("<b>")')
    links = sheet.get_by_role("link")
    await expect(links.first).to_have_attribute("href", "https://tax.example/a_(b)?x=1")
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(links.last).to_have_text("https://plain.example/x")


async def test_hostile_markdown_does_nothing(desk: Desk, model: ModelServer) -> None:
    """It is text: no element, no address, no request comes of it."""
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    await shown(desk, model, HOSTILE)
    await expect(desk.answers).to_contain_text("<svg/onload=alert(1)>")
    await expect(desk.answers.locator("script, img, iframe, svg, b")).to_have_count(0)
    addresses = await desk.answers.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert addresses == ["https://evil.example/pixel.png"]
    assert not [url for url in asked if "evil" in url]
    assert await desk.page.title() == "Frontdesk"


async def test_an_unfinished_block_of_code_is_code(desk: Desk, model: ModelServer) -> None:
    """Its copy button takes what is there."""
    gate = asyncio.Event()
    model.queue(Gate(["```\nlet x = 1;\n", "```\n\nThat is all."], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers.locator("pre")).to_have_text("let x = 1;")
    gate.set()
    await expect(desk.answers.locator("p")).to_have_text("That is all.")
    await desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await desk.answers.get_by_role("button", name="Copy").click()
    assert await desk.page.evaluate("navigator.clipboard.readText()") == "let x = 1;"


async def test_an_answer_is_shown_also_without_the_library(desk: Desk, model: ModelServer) -> None:
    """Where a file of an installation is missing: as the text that it is."""
    await desk.page.route("**/vendor/*", lambda route: route.fulfill(status=404))
    await desk.page.reload()
    await shown(desk, model, "Two **ways**:\n\n- <b>one</b>\n- the other")
    assert await desk.answers.inner_text() == "Two **ways**:\n\n- <b>one</b>\n- the other"


async def test_repeated_marks_do_not_stop_the_page(desk: Desk, model: ModelServer) -> None:
    """Thousands of unclosed marks of each kind are shown within a moment."""
    pieces = ["*", "**a ", "[", "[a](", "![", "a``", "_a", "> ", "- ", "  - a\n", "| a ", "~~a", "<", "*_", "\\"]
    await shown(desk, model, "\n\n".join(piece * 3000 for piece in pieces) + "\n\nthe end")
    await expect(desk.answers.locator("p").last).to_have_text("the end")
