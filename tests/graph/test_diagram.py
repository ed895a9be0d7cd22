"""The README's diagram of the pipeline."""

from pathlib import Path

from graph.diagram import with_diagram

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_has_the_current_diagram() -> None:
    """The diagram between the markers matches the compiled graph; `make drawing` updates it."""
    document = README.read_text(encoding="utf-8")
    assert with_diagram(document) == document
