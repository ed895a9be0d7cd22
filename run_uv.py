"""Run uv on this environment with the settings that pip has here; uv reads neither pip's variables nor its files.

`.venv/bin/python run_uv.py pip install …` reaches the mirror, trusts the certificate and waits as long as pip would.
"""

import ast
import os
import subprocess
import sys

import uv

SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
"""pip's settings, and the variable by which uv knows the same."""

ADDITIONAL = {"extra-index-url", "find-links"}
"""Places that a lock is not made from: it has the hashes for all platforms, and they may have this one's files only."""

PRECEDENCE = ("global", "install", ":env:")
"""Sections of pip's settings, as `pip config list` names them; a later one wins."""


def pip_settings() -> dict[str, str]:
    """What pip installs with: variables, and the files of the machine, the user and the environment."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603
    found: dict[str, str] = {}
    for section in PRECEDENCE:
        for line in lines:
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                found[key.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return found


def uv_environment(pip: dict[str, str]) -> dict[str, str]:
    """Variables that give uv pip's settings. What is set for uv itself stays."""
    ours = {variable: pip[name] for name, variable in SETTINGS.items() if name in pip}
    if "UV_FIND_LINKS" in ours:
        ours["UV_FIND_LINKS"] = ",".join(ours["UV_FIND_LINKS"].split())
    if "UV_INDEX" in ours:  # pip looks for a version in all indexes, uv in the first that has the package
        ours["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return ours | os.environ | {"UV_PYTHON": sys.executable}


def main() -> None:
    """Become uv."""
    pip = pip_settings()
    if "compile" in sys.argv:
        pip = {name: value for name, value in pip.items() if name not in ADDITIONAL}
    no_index = ["--no-index"] if pip.get("no-index", "0").lower() in {"1", "true", "yes", "on"} else []
    binary = uv.find_uv_bin()
    os.execve(binary, [binary, *sys.argv[1:], *no_index], uv_environment(pip))  # noqa: S606


if __name__ == "__main__":
    main()
