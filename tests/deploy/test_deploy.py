"""The files for running Frontdesk elsewhere agree with the program and with each other; no image is built."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from api.app import ROUTES
from api.cli.main import main
from api.server.ending import EXIT_DEADLINE
from api.server.serve import RESPONSES_END_WITHIN
from graph.settings import Settings
from tests.support.nginx import NGINX

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
FILES = [
    ROOT / "Dockerfile",
    ROOT / "compose.yaml",
    ROOT / "docs/deployment.md",
    *(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DEPLOYMENT: dict[str, Any] = yaml.safe_load((KUBERNETES / "deployment.yaml").read_text())
POD = DEPLOYMENT["spec"]["template"]["spec"]
MIGRATE: dict[str, Any] = yaml.safe_load((KUBERNETES / "migrate.yaml").read_text())
JOB = MIGRATE["spec"]["template"]["spec"]
NGINX_CONFIG = (ROOT / "deploy/nginx/nginx.conf").read_text()
SHUTDOWN = RESPONSES_END_WITHIN + EXIT_DEADLINE
"""Seconds that a server takes at most to end, after the running turns had their time."""


def unit() -> list[tuple[str, str]]:
    """The options of the systemd unit's section for the service, in order; some occur several times."""
    text = (ROOT / "deploy/systemd/frontdesk.service").read_text()
    section = text.partition("[Service]\n")[2].partition("\n[Install]")[0]
    return [(name, value) for name, _, value in (line.partition("=") for line in section.splitlines()) if value]


def commands() -> Iterator[list[str]]:
    """The command lines of `frontdesk` that the files have, without the program's name."""
    yield ["serve", *re.findall(r'"([^"]+)"', DOCKERFILE.rpartition("\nCMD ")[2])[1:]]
    yield COMPOSE["services"]["migrate"]["command"]
    yield POD["containers"][0]["args"]
    yield JOB["containers"][0]["args"]
    yield from (shlex.split(value)[1:] for name, value in unit() if name.startswith("ExecStart"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    """A variable that the program does not read would change nothing, and nobody would notice."""
    known = {f"FRONTDESK_{name}".upper() for name in Settings.model_fields}
    assert set(re.findall(r"\bFRONTDESK_[A-Z_]+\b", path.read_text())) <= known


def test_every_command_is_one_that_the_program_takes() -> None:
    """With its options and their values."""
    found = list(commands())
    assert len(found) == 6
    for name, *arguments in found:
        main.commands[name].make_context(name, arguments)


def test_servers_have_time_to_finish_their_answers() -> None:
    """Wherever a server is killed some time after SIGTERM."""
    needed = Settings.model_fields["turn_timeout"].default + SHUTDOWN
    assert seconds(COMPOSE["services"]["frontdesk"]["stop_grace_period"]) > needed
    assert seconds(COMPOSE["services"]["nginx"]["stop_grace_period"]) > needed
    assert seconds(dict(unit())["TimeoutStopSec"]) > needed
    waited = int(POD["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] - waited > needed


def test_ports_agree() -> None:
    """Of the image, of the Service and of nginx, which is asked at the port that is published."""
    port = "8000"
    assert re.findall(r"^EXPOSE (\d+)", DOCKERFILE, re.MULTILINE) == [port]
    assert f"http://127.0.0.1:{port}/" in DOCKERFILE.partition("HEALTHCHECK")[2]
    assert all(command[command.index("--port") + 1] == port for command in commands() if command[0] == "serve")
    container = POD["containers"][0]
    assert [(given["name"], given["containerPort"]) for given in container["ports"]] == [("http", int(port))]
    assert f"http://frontdesk:{port};" in NGINX_CONFIG
    assert "frontdesk" in COMPOSE["services"]
    listening = re.findall(r"listen (\d+);", NGINX_CONFIG)
    assert [given.rpartition(":")[2] for given in COMPOSE["services"]["nginx"]["ports"]] == listening
    service = yaml.safe_load((KUBERNETES / "service.yaml").read_text())
    assert [given["targetPort"] for given in service["spec"]["ports"]] == ["http"]


def test_health_is_asked_where_it_is_answered() -> None:
    """Each path that a health check or a probe asks for is a route."""
    routes = {path for route in ROUTES for path in getattr(route, "paths", ())}
    probes = [probe["httpGet"] for name, probe in POD["containers"][0].items() if name.endswith("Probe")]
    assert all(probe["port"] == "http" for probe in probes)
    asked = [probe["path"] for probe in probes]
    asked += re.findall(r"http://127\.0\.0\.1:\d+(/[\w/]+)", DOCKERFILE + str(COMPOSE))
    assert len(asked) == 5
    assert set(asked) <= routes


def test_user_and_data_directory_agree() -> None:
    """The image's user is the one for whom the data directory is writable."""
    user, folder = "10001", "/var/lib/frontdesk"
    assert f"USER {user}:{user}" in DOCKERFILE
    assert f"FRONTDESK_DATA_DIR={folder}\n" in DOCKERFILE
    assert f"install -d -o {user} -g {user} -m 1777 {folder}\n" in DOCKERFILE
    assert [pod["securityContext"]["runAsUser"] for pod in (POD, JOB)] == [int(user), int(user)]
    assert [mount["mountPath"] for mount in POD["containers"][0]["volumeMounts"]] == [folder]
    assert COMPOSE["services"]["frontdesk"]["tmpfs"].startswith(f"{folder}:")
    assert ("Environment", f"FRONTDESK_DATA_DIR={folder}") in unit()


def test_kustomize_finds_what_it_names() -> None:
    """Every manifest is listed, and the ones that name the generated ConfigMap name it right."""
    found = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {*found["resources"], "kustomization.yaml"} == {path.name for path in KUBERNETES.iterdir()}
    maps = {given["name"] for given in found["configMapGenerator"]}
    assert {
        given["configMapRef"]["name"] for given in POD["containers"][0]["envFrom"] if "configMapRef" in given
    } == maps


def test_what_the_image_leaves_out_is_in_the_lock() -> None:
    """A name that the lock no longer has would leave nothing out."""
    named = [name for names in re.findall(r'(?:build|demo)="([^"]+)"', DOCKERFILE) for name in names.split()]
    lock = (ROOT / "requirements.lock").read_text()
    kept = subprocess.run(
        [ROOT / "deploy/lock-part", "without", *named], input=lock, capture_output=True, text=True, check=True
    ).stdout
    assert named
    assert entries(lock) - entries(kept) == set(named)
    assert "--hash" in kept


@pytest.mark.skipif(NGINX is None and not os.environ.get("CI"), reason="nginx is not installed here")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    """As it is, except that it writes into a folder of the test."""
    assert NGINX is not None
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX_CONFIG.replace("/tmp/", f"{tmp_path}/"))  # noqa: S108 - nginx's, in its container
    tested = subprocess.run([NGINX, "-t", "-c", config], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr


def entries(lock: str) -> set[str]:
    """The names in a lock."""
    return set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))


def seconds(given: str) -> int:
    """A time like 45s."""
    assert re.fullmatch(r"\d+s", given)
    return int(given[:-1])
