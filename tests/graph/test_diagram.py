"""The README's drawing of the pipeline."""

from pathlib import Path

from graph.diagram import drawn

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_draws_the_pipeline_as_it_is() -> None:
    """The drawing between the markers is what the compiled graph gives; `make drawing` brings it up to date."""
    document = README.read_text(encoding="utf-8")
    assert drawn(document) == document
