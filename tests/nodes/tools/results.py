"""Results of tools, made up."""

from nodes.tools.results import Result


def a_result(words: str = "Spending, 1 to 31 March 2026") -> Result:
    """A result without figures and rows."""
    return Result(words=words, method="The sum.", figures=[], columns=[], rows=[], row_count=0, behind=None, notes=[])
