"""Reading a Markdown document: its sections, its tables, its words in code style."""

import re
from collections.abc import Iterator
from typing import NamedTuple

CODE = re.compile(r"`([^`\n]+)`")


class Table(NamedTuple):
    """A table: the names of its columns, and its rows as they are written."""

    columns: list[str]
    rows: list[list[str]]

    def names(self, column: int = 0) -> list[str]:
        """What stands in code style in a column, in order."""
        return [name for row in self.rows for name in CODE.findall(row[column])]


def section(document: str, heading: str) -> str:
    """What stands below a heading, to the next one of its level or above."""
    level = heading.partition(" ")[0]
    _, found, rest = f"\n{document}".partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def tables(text: str) -> list[Table]:
    """All tables, in order."""
    return list(_tables(text))


def table(text: str, first_column: str) -> Table:
    """The first table with this name for its first column."""
    return next(found for found in tables(text) if found.columns[0] == first_column)


def blocks(text: str, language: str) -> list[str]:
    """What stands in fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def _tables(text: str) -> Iterator[Table]:
    for lines in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        head, _, *rows = ([cell.strip() for cell in line.strip("|\n").split(" |")] for line in lines.splitlines())
        yield Table([cell.strip("| ") for cell in head], [[cell.strip("| ") for cell in row] for row in rows])
