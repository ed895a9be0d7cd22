"""The option that writes examples into the documents instead of comparing them."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--write-docs`, which `make docs` uses."""
    parser.addoption("--write-docs", action="store_true", help="write the recorded examples into docs/http.md")
