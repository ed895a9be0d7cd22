"""Markdown in answers: rendered while it is streamed, and never as HTML."""

import asyncio

from playwright.async_api import expect

from tests.pages.chat_page import ChatPage
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


async def show_answer(chat: ChatPage, model: ModelServer, text: str) -> None:
    """Send a message that gets this answer."""
    model.queue(Text([text]), streaming)
    await chat.send("Hello")
    await expect(chat.button("Copy").last).to_be_visible()


async def test_markdown_is_rendered(chat: ChatPage, model: ModelServer) -> None:
    """Headings, emphasis, lists, tasks, tables, quotes, code and links."""
    await show_answer(chat, model, RICH)
    answer = chat.answers
    await expect(answer.locator("h3")).to_have_text("Plan")
    for tag, text in {"strong": "bold", "em": "soft", "del": "gone", "p code": "code", "blockquote": "said"}.items():
        await expect(answer.locator(tag)).to_have_text(text)
    await expect(answer.locator("ol > li")).to_have_count(2)
    await expect(answer.locator("ol > li > ul > li")).to_have_text(["within", "again"])
    await expect(answer.locator("ul")).to_have_count(2)
    await expect(answer.locator("input[type=checkbox]")).to_be_checked()
    await expect(answer.locator("td")).to_have_text(["tea", "3 | 4"])
    await expect(answer.locator("pre")).to_have_text('print("<b>")')
    links = answer.get_by_role("link")
    await expect(links.first).to_have_attribute("href", "https://tax.example/a_(b)?x=1")
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(links.last).to_have_text("https://plain.example/x")


async def test_html_and_unsafe_links_are_text(chat: ChatPage, model: ModelServer) -> None:
    """No element, no link and no request comes of them."""
    urls: list[str] = []
    chat.page.on("request", lambda request: urls.append(request.url))
    await show_answer(chat, model, HOSTILE)
    await expect(chat.answers).to_contain_text("<svg/onload=alert(1)>")
    await expect(chat.answers.locator("script, img, iframe, svg:not(.symbol), b")).to_have_count(0)
    links = await chat.answers.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert links == ["https://evil.example/pixel.png"]
    assert not [url for url in urls if "evil" in url]
    await expect(chat.page).to_have_title("Prime · Hello · Frontdesk")


async def test_an_unfinished_code_block_is_rendered(chat: ChatPage, model: ModelServer) -> None:
    """Before its closing fence has arrived; its Copy button copies the code."""
    gate = asyncio.Event()
    model.queue(Gate(["```\nlet x = y;\n", "```\n\nThat is all."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers.locator("pre")).to_have_text("let x = y;")
    gate.set()
    await expect(chat.answers.locator("p")).to_have_text("That is all.")
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.answers.get_by_role("button", name="Copy").click()
    assert await chat.page.evaluate("navigator.clipboard.readText()") == "let x = y;"


async def test_without_the_library_answers_are_plain_text(chat: ChatPage, model: ModelServer) -> None:
    """An installation may lack the file."""
    await chat.page.route("**/vendor/*", lambda route: route.fulfill(status=404))
    await chat.page.reload()
    await show_answer(chat, model, "Two **ways**:\n\n- <b>one</b>\n- the other")
    assert await chat.answers.inner_text() == "Two **ways**:\n\n- <b>one</b>\n- the other"


async def test_hundreds_of_unclosed_marks_are_rendered(chat: ChatPage, model: ModelServer) -> None:
    """Of each kind, to the end of the answer, which is nearly as long as an answer may be."""
    marks = ["*", "**a ", "[", "[a](", "![", "a``", "_a", "> ", "- ", "  - a\n", "| a ", "~~a", "<", "*_", "\\"]
    await show_answer(chat, model, "\n\n".join(mark * 800 for mark in marks) + "\n\nthe end")
    await expect(chat.answers.locator("p").last).to_have_text("the end")


FORMULAS = r"""The rate is \(r = \frac{1}{8}\), and $5 and $10 are money.
In a line $$E = mc^2$$, too, but not from $$ to $$$.

$$
S = \sum_{i=1}^{n} a_i \href{javascript:alert(1)}{x}
$$

\[ a^2 \]

\(\broken{\) \(\fcolorbox{red}{blue}{c}\)
"""


async def test_code_and_formulas_are_shown_by_libraries(chat: ChatPage, model: ModelServer) -> None:
    """They are loaded with the first answer that needs them; a formula keeps its source where it is wrong or unsafe."""
    files: list[str] = []
    chat.page.on("request", lambda request: files.append(request.url.rsplit("/", 1)[-1]))
    await show_answer(chat, model, "No code, no formula.")
    assert not {"highlight.js", "formulas.js", "katex.js"} & set(files)
    gate = asyncio.Event()
    model.queue(Gate(["```python\nif x: print('a')\n", f"```\n\n{FORMULAS}"], gate), streaming)
    await chat.send("Code, please")
    block = chat.answers.last.locator("pre")
    await expect(block).to_have_text("if x: print('a')")
    assert await block.locator("span").count() == 0  # it may still grow
    gate.set()
    await expect(block.locator(".code-keyword")).to_have_text(["if", "print"])
    await expect(block.locator(".code-string")).to_have_text("'a'")
    formulas = chat.answers.last.locator(".formula")
    await expect(formulas.locator("math")).to_have_count(5)
    await expect(formulas.first.locator("mfrac mn")).to_have_text(["1", "8"])
    await expect(chat.answers.last.locator("p").first).to_contain_text("and $5 and $10 are money.")
    await expect(chat.answers.last.locator("p").first).to_contain_text("but not from $$ to $$$.")
    await expect(formulas.nth(4)).to_have_text(r"\(\broken{\)")
    assert await formulas.locator("a, [href], [style]").count() == 0
    assert {"highlight-python.js", "katex.js"} < set(files)
    assert "highlight-sql.js" not in files
