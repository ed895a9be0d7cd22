"""Import of a large statement, and the time of each tool over its rows.

Seconds from the document's arrival until its rows can be read, processor time of each process, and the most memory;
then the time of each tool, elapsed and of the processor, Postgres' included: the least of five calls.

.venv/bin/python -m bench.tools [ROWS [FILES]]

On a busy machine one file of 100,000 rows may take longer to read than is allowed.
"""

import asyncio
import contextlib
import re
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg

from bench.documents import statement
from bench.environment import database
from graph.desk import desk_over
from graph.documents.importing import DocumentImporter
from graph.models.embeddings import EmbeddingCache, MiniLM
from nodes.tools.registry import TOOLS
from nodes.tools.tool import Call, Desk, Tool
from storage.finance.document_queue import DocumentQueue
from storage.finance.documents import Documents, NewDocument
from storage.finance.plans import Budget, NewDebt, NewGoal, Plans
from storage.finance.rules import NewRule, Rules
from storage.pool import Pool

TODAY = date(2025, 6, 20)
"""The last day of the statement."""
YEAR = {"since": "2024-07-01", "until": "2025-06-30"}
CALLS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("totals", {}),
    ("totals", {**YEAR, "group": "category"}),
    ("totals", {"group": "merchant"}),
    ("totals", {"group": "month"}),
    ("totals", {"merchant": "händler hh"}),
    ("compare", {"since": "2025-05-01", "until": "2025-05-31", "before_since": "2025-04-01",
                            "before_until": "2025-04-30"}),
    ("largest", {"count": 10}),
    ("payments", {"merchant": "händler hh"}),
    ("payments", {"amount": "12.34"}),
    ("charged_twice", {}),
    ("due", {}),
    ("balance", {"on": "2024-12-31"}),
    ("debts", {}),
    ("recurring", {}),
    ("anomalies", YEAR),
    ("forecast", {}),
    ("deductible", {"year": 2024}),
    ("vat", {"rate": "19", **YEAR}),
    ("list_documents", {}),
    ("find_in_documents", {"about": "rent"}),
    ("import_report", {}),
    ("match_receipts", {}),
    ("why_category", {"merchant": "händler hh"}),
    ("propose_categories", {}),
    ("propose_rule", {"pattern": "händler h", "category": "groceries"}),
    ("monthly_amount", {"goal": "house", "months": 24}),
    ("reached_when", {"goal": "house", "monthly": "500"}),
    ("pay_off", {"extra": "100"}),
    ("budget_status", {"month": "2025-05"}),
    ("overview", {"month": "2025-05"}),
)  # fmt: skip
REPEATED = 5
LETTERS = bytes.maketrans(b"0123456789", b"abcdefghij")


async def main(rows: int = 100_000, files: int = 1) -> None:
    """Measure and print."""
    minilm, user = MiniLM(), uuid4()
    embedder = EmbeddingCache(minilm)
    async with database() as url, Pool.open(url, statement_timeout=60) as pool:
        postgres = Postgres(await postmaster(url))
        await import_rows(pool, user, statements(rows, files), embedder, postgres)
        await plan(pool, user)
        desk = desk_over(pool, embedder.embed, embedder.name)
        by_name = {tool.name: tool for tool in TOOLS}
        for name, arguments in CALLS:
            await time_tool(desk, user, by_name[name], arguments, postgres)
    minilm.close()


async def postmaster(url: str) -> int:
    """The process id of the database's parent."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        row = await (await conn.execute("select pg_backend_pid()")).fetchone()
        assert row
        return int(psutil.Process(row[0]).ppid())


class Postgres:
    """Processor time of the database's processes."""

    def __init__(self, pid: int) -> None:
        self._parent = psutil.Process(pid)

    def seconds(self) -> float:
        """So far, of those that run and of those that have ended."""
        times = [one.cpu_times() for one in self._parent.children()]
        ended = self._parent.cpu_times()
        return float(sum(one.user + one.system for one in times) + ended.children_user + ended.children_system)


async def import_rows(
    pool: Pool, user: UUID, files: Sequence[bytes], embedder: EmbeddingCache, postgres: Postgres
) -> None:
    """Import statements and say what that took."""
    importer = DocumentImporter(DocumentQueue(pool, embedder.name), embedder.embed, currency="EUR")
    documents = Documents(pool)
    reading = asyncio.create_task(importer.run(lambda: None))
    cpu, of_postgres, start = time.process_time(), postgres.seconds(), time.perf_counter()
    rows = 0
    for number, data in enumerate(files):
        document, _ = await documents.add(user, NewDocument(f"statement {number}.csv", "text/csv", data))
        importer.arrived.set()
        while (found := await documents.find(user, document["document_id"])) and found["status"] != "ready":
            assert found["status"] in ("waiting", "reading"), found["error_detail"]
            await asyncio.sleep(0.05)
        rows += found["rows_added"] if found else 0
    seconds, own = time.perf_counter() - start, time.process_time() - cpu
    stored = postgres.seconds() - of_postgres
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    used, mine = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{rows} rows in {len(files)} files: {seconds:.1f} s; processor: reader {used.ru_utime + used.ru_stime:.1f} s,"
        f" importing process {own:.1f} s, Postgres {stored:.1f} s; at most {used.ru_maxrss / 1024:.0f} MiB in the"
        f" reader, {mine.ru_maxrss / 1024:.0f} MiB in the importing process",
        flush=True,
    )


def statements(rows: int, files: int) -> list[bytes]:
    """The statement in so many files; words with digits are no part of a merchant's name, so letters stand for them."""
    named = re.sub(rb"(?<=ndler )\d+", lambda found: found[0].translate(LETTERS), statement(rows))
    header, *lines = named.split(b"\n")
    size = -(-rows // files)
    return [b"\n".join([header, *lines[start : start + size]]) for start in range(0, rows, size)]


async def plan(pool: Pool, user: UUID) -> None:
    """What tools look up beside transactions."""
    for letter in "bcdefghi":
        rule = NewRule(field="any", match="starts", pattern=f"händler {letter}", category="groceries")
        await Rules(pool).add(user, rule)
    await Rules(pool).add(user, NewRule(field="any", match="starts", pattern="händler j", category="donations"))
    plans = Plans(pool)
    await plans.set_budget(user, Budget(category="groceries", currency="EUR", amount=Decimal(900)))
    goal = NewGoal(name="House", target=Decimal(60000), saved=Decimal(9000), currency="EUR", due_on=None)
    await plans.put_goal(user, goal, uuid4())
    debt = NewDebt(name="Car", balance=Decimal(9000), currency="EUR", annual_rate=Decimal("5.9"), minimum=Decimal(210))
    await plans.put_debt(user, debt, uuid4())


async def time_tool(desk: Desk, user: UUID, tool: Tool, arguments: Mapping[str, Any], postgres: Postgres) -> None:
    """Call a tool several times, without the limit of time that it has in answers."""
    elapsed: list[float] = []
    busy: list[float] = []
    for _ in range(REPEATED):
        cpu, start = time.process_time() + postgres.seconds(), time.perf_counter()
        await tool.run(Call(desk, user, TODAY, None), tool.arguments.model_validate(arguments))
        elapsed.append(time.perf_counter() - start)
        busy.append(time.process_time() + postgres.seconds() - cpu)
    said = ", ".join(f"{name} {value}" for name, value in arguments.items())
    print(
        f"| {tool.name}{f' ({said})' if said else ''} | {min(elapsed) * 1000:.0f} | {min(busy) * 1000:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    asyncio.run(main(*given))
