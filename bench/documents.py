"""Speed and memory of reading a statement: seconds, processor time and the most memory of the process that reads.

.venv/bin/python -m bench.documents [ROWS]
"""

import asyncio
import resource
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from graph.documents.child import read


def statement(rows: int) -> bytes:
    """A German bank's CSV."""
    lines = ["Buchungstag;Wertstellung;Auftraggeber / Empfänger;Verwendungszweck;Betrag (EUR);Saldo"]
    balance = Decimal(1000)
    for number in range(rows):
        day = date(2020, 1, 1) + timedelta(days=number * 2000 // rows)
        amount = Decimal(number * 7919 % 90_000 - 60_000) / 100
        balance += amount
        written = [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in (amount, balance)]
        lines.append(
            f"{day:%d.%m.%Y};{day:%d.%m.%Y};Händler {number % 997};Einkauf, Beleg {number};{';'.join(written)}"
        )
    return "\n".join(lines).encode("cp1252")


async def main(rows: int) -> None:
    """Measure and print."""
    for count in (1, rows):
        data = statement(count)
        cpu, start = time.process_time(), time.perf_counter()
        contents = await read(data, "statement.csv")
        seconds, own = time.perf_counter() - start, time.process_time() - cpu
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = sum(len(statement.rows) for statement in contents.statements)
        print(
            f"{found:8} rows of {len(data) / 2**20:4.1f} MiB: {seconds:5.1f} s;"
            f" processor: reader {used.ru_utime:4.1f} s, caller {own:4.2f} s; at most {used.ru_maxrss / 1024:4.0f} MiB"
        )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
