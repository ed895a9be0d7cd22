"""The documents agree with the tree, the database and each other."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from graph.doctor import connections
from graph.settings import Settings
from tests.docs.markdown import CODE, section, table
from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.prometheus import scraped

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
DECISIONS = ROOT / "docs/decisions.md"
SOURCES = ("api", "bench", "graph", "migrations", "nodes", "storage", "tests")
CITING = {".css", ".html", ".js", ".py", ".sql", ".toml"}
ENTRY = re.compile(r"^## (\d+)\. .+ \((\d{4}-\d\d-\d\d)\)$", re.MULTILINE)


def test_the_connections_of_a_process_are_what_doctor_counts() -> None:
    """The table of docs/architecture.md adds up to it."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    listed = re.search(r"\| connections \| for \|.*?\n\n", text, re.DOTALL)
    assert listed
    numbers = re.findall(r"^\| (\d+)[, ]", listed[0], re.MULTILINE)
    assert sum(map(int, numbers)) == connections(Settings())


def test_every_setting_is_in_the_example_with_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with `.env.example` as its `.env` has the settings of one without."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    fields = Settings.model_fields.items()
    names = {str(field.validation_alias or f"FRONTDESK_{name.upper()}") for name, field in fields}
    listed = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(listed) == sorted(names - {"PROMETHEUS_MULTIPROC_DIR"})  # which `serve` sets for its own processes
    monkeypatch.chdir(tmp_path)
    defaults = Settings()
    (tmp_path / ".env").write_text(example, encoding="utf-8")
    assert Settings() == defaults


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Links to files of the tree, and to headings of them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        assert not anchor or anchor in set(_anchors(file.read_text(encoding="utf-8"))), target


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=lambda path: path.name
)
def test_every_file_that_is_named_exists(path: Path) -> None:
    """What stands in code style and looks like a file of ours, or a folder of ours."""
    for span in CODE.findall(path.read_text(encoding="utf-8")):
        if re.fullmatch(rf"({'|'.join(SOURCES)}|docs)/[\w./-]*", span) and "/vendor" not in span:
            assert (ROOT / span).exists(), span


def test_decisions_are_numbered_dated_and_short() -> None:
    """Numbers without a gap, in order of date, fifteen lines each at most."""
    document = DECISIONS.read_text(encoding="utf-8")
    found = ENTRY.findall(document)
    assert [int(number) for number, _ in found] == list(range(1, len(found) + 1))
    assert [date for _, date in found] == sorted(date for _, date in found)
    entries = re.split(r"^## ", document, flags=re.MULTILINE)[1:]
    assert len(entries) == len(found)
    for entry in entries:
        lines = [line for line in entry.splitlines()[1:] if line]
        assert len(lines) <= 15, entry
        assert max(map(len, lines)) <= 120, entry


def test_decisions_that_are_cited_exist() -> None:
    """Wherever the tree cites one by its number."""
    known = {number for number, _ in ENTRY.findall(DECISIONS.read_text(encoding="utf-8"))}
    sources = [path for folder in SOURCES for path in (ROOT / folder).rglob("*") if path.suffix in CITING]
    assert sources
    for path in sources:
        cited = re.findall(r"docs/decisions\.md, (\d+)", path.read_text(encoding="utf-8"))
        assert set(cited) <= known, path


async def test_the_version_is_the_same_everywhere(frontdesk: Frontdesk) -> None:
    """In the package, the changelog and the OpenAPI document."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    latest = re.search(r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert latest is not None
    assert latest[1] == version
    async with frontdesk.client(None) as client:
        assert (await client.get("/schema/openapi.json")).json()["info"]["version"] == version


async def test_every_table_is_described_with_what_deletes_it(database_url: str) -> None:
    """The tables of a migrated database, and the foreign keys by which they are deleted."""
    described = table(section((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), "## Tables"), "table")
    documented = {name: set(CODE.findall(row[2])) for row in described.rows for name in CODE.findall(row[0])}
    found = await rows(
        database_url,
        "select c.relname, array_remove(array_agg(distinct k.confrelid::regclass::text), null) from pg_class c"
        " left join pg_constraint k on k.conrelid = c.oid and k.confdeltype = 'c'"
        " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by c.relname",
    )
    assert documented == {name: set(parents) for name, parents in found}


async def test_every_figure_for_prometheus_is_described(frontdesk: Frontdesk, ada: UUID) -> None:
    """Each name that begins with ours, and no name that there is not."""
    await frontdesk.chat(ada, "Hello")
    samples = {name for name, *_ in await scraped(frontdesk, ada) if name.startswith("frontdesk_")}
    ours = {re.sub("_(bucket|count|sum)$", "", name) for name in samples if not name.endswith("_created")}
    ours.add("frontdesk_http_requests_error_total")  # which is there from the first 5xx on
    described = table(section((ROOT / "docs/metrics.md").read_text(encoding="utf-8"), "## Prometheus"), "name")
    assert ours == {name for name in described.names() if name.startswith("frontdesk_")}


async def test_every_background_task_is_described(frontdesk: Frontdesk) -> None:
    """In the row of the figure that says whether it runs; `figures_writer` runs with `--workers` only."""
    described = table(section((ROOT / "docs/metrics.md").read_text(encoding="utf-8"), "## Prometheus"), "name")
    (labels,) = [row[1] for row in described.rows if row[0] == "`frontdesk_background_task_up`"]
    running = {task.name for task in frontdesk.service.supervisor.tasks}
    assert set(CODE.findall(labels)) - {"task", "--workers"} == running | {"figures_writer"}


def _anchors(document: str) -> Iterator[str]:
    """The names under which GitHub links to the headings."""
    for heading in re.findall(r"^#+ (.+)$", document, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
