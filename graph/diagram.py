"""Draw the pipeline from the compiled graph into a document, between two markers."""

import re
import sys
from pathlib import Path

from graph.build import build
from graph.dependencies import Options, unconnected

BEGIN, END = "<!-- pipeline: made by `make drawing` -->", "<!-- /pipeline -->"


def drawing() -> str:
    """The compiled graph as a Mermaid flowchart."""
    graph = build(unconnected(Options(), "model", follows_instructions=True)).compile()
    return graph.get_graph().draw_mermaid(with_styles=False).strip()


def drawn(document: str) -> str:
    """The document with the drawing between the markers brought up to date.

    Raises:
        ValueError: the document has no such markers.
    """
    place = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not place.search(document):
        raise ValueError(f"no place for the drawing: it goes between {BEGIN} and {END}")
    return place.sub(lambda _: f"{BEGIN}\n```mermaid\n{drawing()}\n```\n{END}", document)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")
