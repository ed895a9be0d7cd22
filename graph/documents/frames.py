"""What a child process that reads a document is asked, and the frames in which it says what it finds."""

from collections.abc import Sequence

import msgspec

from graph.documents.contents import Contents, Rejected, Shape, UnreadableCode
from nodes.text.pii.detection import OptionalKind
from storage.finance.statement_rows import Row


class Request(msgspec.Struct):
    """What the child is asked; the file's bytes follow it."""

    size: int
    name: str
    shape: Shape | None
    also_masked: Sequence[OptionalKind] = ()


class PagesDone(msgspec.Struct, tag=True):
    """How far a document of several pages is read."""

    done: int
    pages: int


class Rows(msgspec.Struct, tag=True):
    """Some rows of a statement; in portions, so that taking them holds up no event loop."""

    statement: int
    rows: Sequence[Row]


class RejectedLines(msgspec.Struct, tag=True):
    """Some lines that are no rows."""

    lines: Sequence[Rejected]


class Finished(msgspec.Struct, tag=True):
    """All of the contents but rows and rejected lines, which came before."""

    contents: Contents


class Failed(msgspec.Struct, tag=True):
    """Why the document cannot be read."""

    code: UnreadableCode
    detail: str
    trace: str = ""
    """Where an error that nobody foresaw was raised, without its message: that may have words of the document."""


Frame = PagesDone | Rows | RejectedLines | Finished | Failed
