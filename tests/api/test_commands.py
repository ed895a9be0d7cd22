"""The `frontdesk` command, run as a user runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from storage.local.ports import free_port
from tests.support import process
from tests.support.app import SECRET
from tests.support.collector import Collector
from tests.support.database import owner, row
from tests.support.fork_server import Fork, ForkServer
from tests.support.issuer import issuing
from tests.support.model_script import Status, chat
from tests.support.model_server import ModelServer
from tests.support.process import Start

FRONTDESK = str(Path(sys.executable).with_name("frontdesk"))
NOWHERE = "postgresql://nobody:x@127.0.0.1:9/none"
pytestmark = pytest.mark.xdist_group("demo")


@dataclass
class Served:
    """A `frontdesk serve` with its embedded database and demo model."""

    folder: Path
    line: str
    """What it printed once it served."""

    @property
    def url(self) -> str:
        """Where it is."""
        return process.address_in(self.line)

    def helpers(self) -> list[psutil.Process]:
        """The processes that keep and are its database and model."""
        return [
            one for one in psutil.process_iter(["cmdline"]) if str(self.folder) in " ".join(one.info["cmdline"] or ())
        ]

    def chat(self, message: str) -> dict[str, object]:
        """One answer, as a document."""
        headers = {"Accept": "application/json"}
        answer = httpx.post(f"{self.url}/chat", json={"message": message}, headers=headers, timeout=120)
        return dict(json.loads(answer.text))


@contextmanager
def program(folder: Path, *arguments: str) -> Generator[tuple[Served, subprocess.Popen[str]]]:
    """It as a program of its own, which has ended after the block whatever happened."""
    with subprocess.Popen(
        [FRONTDESK, "serve", "--port", "0", *arguments],
        cwd=folder, env=environment(FRONTDESK_DEMO_MODEL="1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        try:
            yield Served(folder, running.stdout.readline()), running
        finally:
            running.kill()


@asynccontextmanager
async def fork(forks: ForkServer, folder: Path) -> AsyncGenerator[tuple[Served, Fork]]:
    """The same in a fork, without the seconds that it takes to load."""
    running = await forks.fork(("serve", "--port", "0"), environment(FRONTDESK_DEMO_MODEL="1"), folder)
    try:
        yield Served(folder, await process.announcement(running)), running
    finally:
        running.kill()
        await running.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a space in its path."""
    place = tmp_path / "a checkout"
    place.mkdir()
    return place


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["replay", "--help"], ["import", "--help"]], ids=" ".join
)
def test_help_is_shown_without_loading_the_application(arguments: list[str]) -> None:
    """Its libraries take seconds to load."""
    code = (
        "import sys; from api.cli.main import main; main(sys.argv[1:], standalone_mode=False);"
        " print(*{'litestar', 'langgraph', 'langchain_core', 'psycopg', 'pydantic'} & sys.modules.keys())"
    )
    *_, loaded = subprocess.check_output([sys.executable, "-c", code, *arguments], text=True).splitlines()
    assert loaded == ""


async def test_serve_leaves_no_process_when_it_is_killed_or_ends_on_ctrl_c(forks: ForkServer, folder: Path) -> None:
    """Its line names the model; a kill -9 ends database and model too, and the next start has what was committed."""
    async with fork(forks, folder) as (served, running):
        assert "SmolLM2-135M (demo)" in served.line
        said = served.chat("What can I write off for my side business?")
        assert (said["employee"], said["model"]) == ("ledger", "SmolLM2-135M (demo)")
        helpers = served.helpers()
        assert len(helpers) >= 4  # two keepers, the database, the model
        running.kill()
        assert psutil.wait_procs(helpers, timeout=60)[1] == []
    async with fork(forks, folder) as (again, running):
        address = json.loads((folder / ".frontdesk/postgres/address.json").read_text())
        url = f"postgresql://frontdesk:{address['password']}@127.0.0.1:{address['port']}/frontdesk"
        assert await stored_answer(url, str(said["message_id"])) == said["text"]
        helpers = again.helpers()
        assert len(helpers) >= 4
        running.send_signal(signal.SIGINT)
        assert await running.wait() == 0
    assert psutil.wait_procs(helpers, timeout=60)[1] == []


def test_two_workers_share_database_and_model(folder: Path) -> None:
    """Several processes on one port, one database and one model; Ctrl-C ends them all, and an answer with an event."""
    with program(folder, "--workers", "2") as (served, running):
        assert served.chat("hello")["finish_reason"] in ("stop", "length", "timeout")
        helpers = served.helpers()
        assert sum("postgres" in one.name() for one in helpers if one.name() == "postgres") >= 1
        with httpx.stream("POST", f"{served.url}/chat", json={"message": "hello"}, timeout=120) as response:
            lines = response.iter_lines()
            while next(lines) != "event: token":
                pass
            running.send_signal(signal.SIGINT)
            assert [line for line in lines if line.startswith("event: ")][-1] in ("event: done", "event: error")
        _, errors = running.communicate(timeout=60)
        assert running.returncode == 0
    assert not [line for line in errors.splitlines() if re.search("Traceback|exception", line)]
    assert psutil.wait_procs(helpers, timeout=60)[1] == []


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("FRONTDESK_RATE_LIMIT", "many", "FRONTDESK_RATE_LIMIT: "),
        ("FRONTDESK_TURN_TIMEOUT", "-1", "FRONTDESK_TURN_TIMEOUT: "),
        ("FRONTDESK_MEMORY_TIMEOUT", "61", "FRONTDESK_MEMORY_TIMEOUT: "),
        ("FRONTDESK_JWT_SECRET", "short", "at least 32 characters"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: takes a URL like postgresql://"),
        ("FRONTDESK_LOG_LEVEL", "loud", "FRONTDESK_LOG_LEVEL: "),
        ("FRONTDESK_LOG_FORMAT", "yaml", "FRONTDESK_LOG_FORMAT: "),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: takes a URL like http://"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://x", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: takes a URL like"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer abc", "OTEL_EXPORTER_OTLP_HEADERS: takes pairs like authorization="),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "some", "CAPTURE_MESSAGE_CONTENT: "),
    ],
)
async def test_a_bad_setting_stops_the_start_with_one_line(
    forks: ForkServer, tmp_path: Path, variable: str, value: str, says: str
) -> None:
    """The line names the variable and what it takes, and never repeats a secret."""
    done = await forked(forks, "serve", cwd=tmp_path, **{variable: value})
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    if variable in ("FRONTDESK_JWT_SECRET", "DATABASE_URL", "OTEL_EXPORTER_OTLP_HEADERS"):
        assert value not in done.stderr


def test_the_version_is_printed_without_loading_the_application() -> None:
    """Name and version, as the installed package has them; the libraries that take seconds to load are not imported."""
    done = run("--version", PYTHONPROFILEIMPORTTIME="1")
    assert (done.returncode, done.stdout) == (0, f"frontdesk {version('frontdesk')}\n")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "api.cli.main" in loaded
    assert {"langchain_core", "langgraph", "openai", "litestar", "pydantic", "psycopg"}.isdisjoint(loaded)


def test_without_a_secret_it_serves_this_machine_only(tmp_path: Path) -> None:
    """Another host is refused with one line that says what to set."""
    done = run("serve", "--host", "0.0.0.0", cwd=tmp_path)  # noqa: S104
    assert done.returncode == 1
    assert "FRONTDESK_JWT_SECRET" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


async def test_all_wrong_settings_are_told_at_once(forks: ForkServer, tmp_path: Path) -> None:
    """A line for each, of `.env`, too; also for a variable that is none of ours, with the one that may be meant."""
    (tmp_path / ".env").write_text("FRONTDESK_CHATMODEL=gpt\nFRONTDESK_TURN_TIMEOUT=-1\n")
    given = {"FRONTDESK_JWT_SECRET": "short", "OPENAI_BASE_URL": "sk-pasted", "FRONTDESK_WEATHER": "fine"}
    done = await forked(forks, "serve", cwd=tmp_path, FRONTDESK_RATE_LIMIT="many", **given)
    assert done.returncode == 1
    assert sorted(re.sub(r"(: | \().*", "", line.split(": ", 1)[1]) for line in done.stderr.splitlines()) == [
        "FRONTDESK_CHATMODEL is no setting; did you mean FRONTDESK_CHAT_MODEL?",
        "FRONTDESK_JWT_SECRET",
        "FRONTDESK_RATE_LIMIT",
        "FRONTDESK_TURN_TIMEOUT",
        "FRONTDESK_WEATHER is no setting",
        "OPENAI_BASE_URL",
    ]
    assert not re.search("short|pasted|fine", done.stderr)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_port_in_use_is_said_before_anything_is_started(
    forks: ForkServer, tmp_path: Path, workers: str
) -> None:
    """In one line, with a port that is free; no database was looked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = await forked(forks, "serve", "--port", port, "--workers", workers, cwd=tmp_path, DATABASE_URL=NOWHERE)
        found = re.fullmatch(rf"Error: Port {port} is in use; try --port (\d+)\n", done.stderr)
        assert found, done.stderr
        assert done.returncode == 1
        socket.create_server(("127.0.0.1", int(found[1]))).close()


async def test_migrations_that_an_external_database_lacks_are_said_in_one_line(
    forks: ForkServer, tmp_path: Path, database_url: str
) -> None:
    """With their number and the command; also in local mode."""
    await owner(database_url, "delete from frontdesk_migrations where version > 28")
    done = await forked(forks, "serve", "--port", "0", cwd=tmp_path, DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: \d+ migrations pending: run `frontdesk migrate`", done.stderr.splitlines()[-1])


async def test_a_start_says_what_the_model_server_refuses(start: Start, model: ModelServer) -> None:
    """In its last line, which names the key's variable; a misspelt setting has a warning."""
    model.always(Status(401, error="invalid_api_key"), chat)
    process = await start(ratelimit="3")
    wrong = f"401 from {model.url}: OPENAI_API_KEY is not accepted (invalid_api_key)"
    assert process.line == f"Frontdesk is at {process.url}, but the model does not answer: {wrong}\n"
    assert "FRONTDESK_RATELIMIT is no setting; did you mean FRONTDESK_RATE_LIMIT?" in process.log.read_text()
    async with process.client(None) as client:
        found = (await client.get("/health/ready")).json()
    assert (found["status"], found["details"]) == ("degraded", {"model": wrong})


async def test_a_start_without_a_key_says_what_answers(start: Start) -> None:
    """In its last line, with what to set."""
    process = await start(OPENAI_API_KEY="", OPENAI_BASE_URL="")
    why = "because no model is set (OPENAI_API_KEY or OPENAI_BASE_URL)"
    assert process.line == f"Frontdesk is at {process.url} and gives prepared answers, {why}\n"


async def test_a_database_that_does_not_answer_is_said_in_one_line(forks: ForkServer, tmp_path: Path) -> None:
    """No server at the address: one line, no stack trace."""
    done = await forked(forks, "migrate", cwd=tmp_path, DATABASE_URL=NOWHERE)
    assert done.returncode == 1
    assert "No PostgreSQL answers at DATABASE_URL" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


async def test_migrate_says_what_it_did_and_then_that_nothing_is_left(
    forks: ForkServer, tmp_path: Path, database_url: str
) -> None:
    """On a migrated database there is nothing to do."""
    done = await forked(forks, "migrate", cwd=tmp_path, DATABASE_URL=database_url)
    assert (done.returncode, done.stdout.strip()) == (0, "up to date")


def test_token_prints_a_token_for_the_user(tmp_path: Path) -> None:
    """Signed with the secret, with the given lifetime, and with an administrator's claim if asked for."""
    user, before = uuid4(), int(time.time())
    done = run("token", "--user", str(user), "--admin", "--ttl", "90s", cwd=tmp_path, FRONTDESK_JWT_SECRET=SECRET)
    claims = jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["role"]) == (str(user), "admin")
    assert claims["exp"] - claims["iat"] == 90
    assert before <= claims["iat"] <= time.time()


async def test_feedback_is_exported_to_a_file_of_its_owners(
    forks: ForkServer, tmp_path: Path, database_url: str
) -> None:
    """Without feedback it has a heading only, and nothing is compared."""
    given = {"DATABASE_URL": database_url, "FRONTDESK_JWT_SECRET": SECRET}
    done = await forked(forks, "feedback", "export", "--out", "found.txt", cwd=tmp_path, **given)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "0 new examples; nothing is changed by this.\n"
    file = tmp_path / "found.txt"
    assert all(line.startswith("#") for line in file.read_text().splitlines())
    assert file.stat().st_mode & 0o077 == 0
    elsewhere = await forked(forks, "feedback", "export", "--out", "no/found.txt", cwd=tmp_path, **given)
    assert (elsewhere.returncode, "cannot be written" in elsewhere.stderr) == (1, True)


async def test_doctor_warns_where_no_model_is_set(forks: ForkServer, tmp_path: Path, database_url: str) -> None:
    """A desk without a key works, so that is no failure."""
    given = {"DATABASE_URL": database_url, "FRONTDESK_JWT_SECRET": SECRET}
    done = await forked(forks, "doctor", "--port", str(free_port()), cwd=tmp_path, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^warn  model .*OPENAI_API_KEY or OPENAI_BASE_URL; answers are prepared$", done.stdout, re.MULTILINE
    )


async def test_doctor_has_a_line_for_each_thing_and_fails_where_one_is_not_well(
    forks: ForkServer, tmp_path: Path, database_url: str, model: ModelServer
) -> None:
    """All well: exit 0. Each thing that is not: a line that says what, and exit 1."""
    given = {"DATABASE_URL": database_url, "OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": model.url}
    async with issuing(one=ec.generate_private_key(ec.SECP256R1())) as issuer, Collector() as collector:
        given |= {"FRONTDESK_JWKS_URL": issuer.url, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        done = await forked(forks, "doctor", "--port", str(free_port()), cwd=tmp_path, **given)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [line.split()[1] for line in done.stdout.splitlines()] == [
            "settings", "port", "issuer", "database", "disk", "connections", "extension", "migrations", "model",
            "collector",
        ]  # fmt: skip
        assert "1 key at FRONTDESK_JWKS_URL (ES256)" in done.stdout
        issuer.mood = "talking nonsense"
        model.always(Status(404, error="model_not_found"), chat)
        await owner(database_url, "delete from frontdesk_migrations where version = 28")
        given |= {"FRONTDESK_RATELIMIT": "3", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = await forked(forks, "doctor", "--port", port, "--workers", "64", cwd=tmp_path, **given)
    assert done.returncode == 1
    assert [found[0] for found in re.finditer(r"^(FAIL|warn) .*", done.stdout, re.MULTILINE)] == [
        "warn  settings    FRONTDESK_RATELIMIT is no setting; did you mean FRONTDESK_RATE_LIMIT?",
        found_line(done.stdout, f"port        {port} is in use by .* \\(process {os.getpid()}\\); try --port \\d+"),
        "FAIL  issuer      FRONTDESK_JWKS_URL has no key for RS256 or ES256",
        found_line(done.stdout, r"connections up to 768 are needed \(12 for each of 64 workers\); of the server's .*"),
        "FAIL  migrations  1 migration pending: run `frontdesk migrate`",
        f"FAIL  model       no model named gpt-4o-mini at {model.url}",
        "FAIL  collector   http://127.0.0.1:9/v1/traces does not answer",
    ]


def found_line(text: str, pattern: str) -> str:
    """The failure that matches."""
    found = re.search(f"^FAIL  {pattern}$", text, re.MULTILINE)
    assert found, text
    return found[0]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings of ours only."""
    ours = ("FRONTDESK_", "OPENAI_", "DATABASE_", "OTEL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **settings}


def run(*arguments: str, cwd: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [FRONTDESK, *arguments],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


async def forked(forks: ForkServer, *arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same, without the time that it takes to load."""
    return await process.run(forks, *arguments, folder=cwd, environment=environment(**settings))


async def stored_answer(url: str, message_id: str) -> str:
    """The text of a stored message."""
    (content,) = await row(url, "select content from chat_messages where id = %(id)s", id=message_id)
    return str(content)
