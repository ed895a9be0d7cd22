"""Diagram of the pipeline, made from the compiled graph and written into a document between two markers."""

import re
import sys
from pathlib import Path

from graph.dependencies import Options, unconnected
from graph.pipeline import build

BEGIN, END = "<!-- pipeline: made by `make drawing` -->", "<!-- /pipeline -->"


def mermaid() -> str:
    """The compiled graph as a Mermaid flowchart."""
    graph = build(unconnected(Options(), "model", follows_instructions=True)).compile()
    return graph.get_graph().draw_mermaid(with_styles=False).strip()


def with_diagram(document: str) -> str:
    """The document with the current diagram between its markers.

    Raises:
        ValueError: the document has no such markers.
    """
    between_markers = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not between_markers.search(document):
        raise ValueError(f"no markers for the diagram: {BEGIN} and {END}")
    return between_markers.sub(lambda _: f"{BEGIN}\n```mermaid\n{mermaid()}\n```\n{END}", document)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_diagram(path.read_text(encoding="utf-8")), encoding="utf-8")
