"""Orders in what tools read."""

import tomllib
from pathlib import Path

_FILE = tomllib.loads((Path(__file__).parents[2] / "data/tool_injections.toml").read_text(encoding="utf-8"))

MARKED: list[str] = [how.format(goal=goal) for how in _FILE["marked"] for goal in _FILE["goals"]]
"""Those that are marked as instructions."""
QUOTED: list[str] = [how.format(goal=goal) for how in _FILE["quoted"] for goal in _FILE["goals"]]
"""Those that are worded like messages between people."""
