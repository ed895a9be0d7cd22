"""A run: Frontdesk in one process beside its peers, in two processes, and with its statements counted."""

import asyncio
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.speed.cases import BYTES, CASES, EVENTS, GAP, Case, Target, measure
from bench.speed.findings import Findings, Rounds, Server, Statements
from bench.speed.frontdesk import Conversation, Database, database, request, serving
from bench.speed.load import Plan, Result, run_load
from bench.speed.pasts import Pasts
from bench.speed.processes import Started, cpu_seconds, memory, started
from bench.speed.proxy import counting
from bench.speed.stand_in import Control

PEERS = ("passthrough", "sdk", "chatopenai")
BASE, OURS = "chatopenai", "frontdesk"
USERS = 64
"""In the cases beside the peers, with one conversation each; a multiple of the clients of each case."""
WARM_UP = Case(clients=8, turns=USERS)
PEERS_WARM_UP = Case(clients=8, turns=16)
COUNTED_TURNS = 20
SETTLE_SECONDS = 2
"""Before an idle server is measured."""


@dataclass(frozen=True)
class Options:
    """What is measured, and how often.

    Attributes:
        wanted: names of cases and stages.
        share: of the turns of each round.
        large: also with a million facts in the database.
    """

    wanted: frozenset[str]
    rounds: int
    share: float
    idle_seconds: float
    streams: int
    large: bool

    def cases(self) -> dict[str, Case]:
        """The cases beside the peers that are wanted."""
        return {name: self.shared(case) for name, case in CASES.items() if name in self.wanted}

    def shared(self, case: Case) -> Case:
        """The case with its share of turns; each client has one at least."""
        return replace(case, turns=max(case.clients, round(case.turns * self.share)))


async def run(options: Options, say: Callable[[str], None]) -> Findings:
    """Measure everything that is wanted."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))

        async def module(*arguments: str) -> Started:
            command, log = (sys.executable, "-m", *arguments), folder / "peers.log"
            return await stack.enter_async_context(started(*command, log=log))

        model = await module("bench.speed.stand_in")
        peers = {name: await module("bench.speed.peers", name, f"{model.url}/v1") for name in PEERS}
        bench = Bench(options, say, folder, model, peers, await stack.enter_async_context(database(folder)))
        await bench.one_process()
        if "workers" in options.wanted:
            await bench.two_processes()
        if "statements" in options.wanted:
            await bench.count_statements()
        return bench.findings


class Bench:
    """The servers that are there for the whole run, and what was found so far."""

    def __init__(
        self,
        options: Options,
        say: Callable[[str], None],
        folder: Path,
        model: Started,
        peers: Mapping[str, Started],
        database: Database,
    ) -> None:
        self.findings = Findings(postgres=database.version)
        self._options, self._say, self._folder, self._database = options, say, folder, database
        self._model_url, self._control = model.url, Control(model.port)
        self._conversations = Rotation([Conversation.new() for _ in range(USERS)])
        self._peers = {name: self._peer(name, server) for name, server in peers.items()}

    async def one_process(self) -> None:
        """Frontdesk in one process, beside the peers and alone."""
        pasts = None
        if "past" in self._options.wanted:
            pasts = await Pasts.seed(self._database, self._folder, self._say, large=self._options.large)
        async with serving(self._folder, self._database.url, self._model_url) as server:
            ours = self._frontdesk(server)
            await self._warm_up(ours)
            for peer in self._peers.values():
                await measure(peer, PEERS_WARM_UP)
            await self._measure_alone(server, ours, self.findings.one)
            for number in range(self._options.rounds):
                for name, case in self._options.cases().items():
                    self._say(f"round {number + 1}: {name}")
                    await self._round(case, self._peers | {OURS: ours}, self.findings.cases.setdefault(name, {}))
                if pasts:
                    self._say(f"round {number + 1}: past")
                    self._control.set_mode(CASES["alone"].tokens)
                    await pasts.measure(
                        self._database, ours, self._peers[BASE], self._options.shared, self.findings.pasts
                    )

    async def two_processes(self) -> None:
        """Frontdesk in two processes, beside the bare ChatOpenAI and alone."""
        self._say("two processes")
        async with serving(self._folder, self._database.url, self._model_url, workers=2) as server:
            ours = self._frontdesk(server)
            await self._warm_up(ours)
            await self._measure_alone(server, ours, self.findings.two)
            for _ in range(self._options.rounds):
                servers = {BASE: self._peers[BASE], OURS: ours}
                await self._round(self._options.shared(CASES["crowd"]), servers, self.findings.two.crowd)

    async def count_statements(self) -> None:
        """Frontdesk in one process, with a proxy before Postgres."""
        self._say("statements")
        async with (
            counting(self._database.url) as counted,
            serving(self._folder, counted.url, self._model_url) as server,
        ):
            ours = self._frontdesk(server)
            await self._warm_up(ours)
            start = len(counted.statements), len(counted.round_trips)
            seconds = self._options.idle_seconds
            await asyncio.sleep(seconds)
            idle = (len(counted.statements) - start[0]) / seconds, (len(counted.round_trips) - start[1]) / seconds
            statements, begun = len(counted.statements), time.monotonic()
            result = await self._send(ours, Case(turns=COUNTED_TURNS, gap=GAP))
            await ours.settled()
            background = idle[0] * (time.monotonic() - begun)
            self.findings.statements = Statements(
                idle_per_second=idle[0],
                per_turn=(len(counted.statements) - statements - background) / COUNTED_TURNS,
                round_trips_before_first=_before_first(result, counted.round_trips, idle[1]),
            )

    async def _warm_up(self, ours: Target) -> None:
        """Fill caches, open connections, and make sure that the server does all that it is measured for."""
        self._say("warming up")
        self._control.set_mode(CASES["alone"].tokens)
        calls, facts = self._control.calls(), await self._database.count("user_memory_facts")
        await measure(ours, WARM_UP)
        self.findings.model_calls = (self._control.calls() - calls) / WARM_UP.turns
        if await self._database.count("user_memory_facts") - facts < WARM_UP.turns / 2:
            raise RuntimeError("no facts were learned: without them a turn is cheaper than it is")

    async def _round(self, case: Case, servers: Mapping[str, Target], rounds: Rounds) -> None:
        self._control.set_mode(case.tokens, case.pace)
        for name, target in servers.items():
            rounds.setdefault(name, []).append(await measure(target, case))

    async def _measure_alone(self, server: Started, ours: Target, figures: Server) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        if "idle" in self._options.wanted:
            self._say("idle")
            cpu, database_cpu, seconds = ours.cpu(), ours.database_cpu(), self._options.idle_seconds
            await asyncio.sleep(seconds)
            figures.idle_cpu = (ours.cpu() - cpu) / seconds * 1000
            figures.idle_database_cpu = (ours.database_cpu() - database_cpu) / seconds * 1000
        if "memory" in self._options.wanted:
            self._say("open streams")
            figures.memory = memory(server.pid)
            figures.stream_kb = await self._stream_kb(server, ours)

    async def _stream_kb(self, server: Started, ours: Target) -> float:
        """Memory of an open stream: many are held at once, each of a user of its own."""
        before, count = memory(server.pid), self._options.streams
        self._control.set_mode(1, hold=True)
        requests = [request(Conversation.new()) for _ in range(count)]
        sending = asyncio.create_task(run_load(Plan(ours.port, count, 0, ours.markers, requests)))
        while self._control.state()["held"] < count and not sending.done():  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.2)
        await asyncio.sleep(SETTLE_SECONDS)
        held = memory(server.pid)
        self._control.set_mode(1)
        await sending
        await ours.settled()
        return (held.proportional - before.proportional) / count

    async def _send(self, target: Target, case: Case) -> Result:
        requests = target.requests(case.turns)
        return await run_load(Plan(target.port, case.clients, case.gap, target.markers, requests))

    def _frontdesk(self, server: Started) -> Target:
        return Target(
            port=server.port,
            markers=EVENTS,
            cpu=lambda: cpu_seconds(server.pid) + self._database.cpu_seconds(),
            database_cpu=self._database.cpu_seconds,
            requests=self._conversations.requests,
            settled=self._database.settled,
        )

    def _peer(self, name: str, server: Started) -> Target:
        return Target(
            port=server.port,
            markers=BYTES if name == "passthrough" else EVENTS,
            cpu=partial(cpu_seconds, server.pid),
            database_cpu=lambda: 0,
            requests=self._conversations.requests,
            settled=partial(asyncio.sleep, 0),
        )


class Rotation:
    """Conversations that take turns, so that all of them grow alike and no client meets another's."""

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        self._conversations = conversations
        self._next = 0

    def requests(self, count: int) -> list[str]:
        """A request in each of the next conversations."""
        start, size = self._next, len(self._conversations)
        self._next = (start + -(-count // 32) * 32) % size
        return [request(self._conversations[(start + number) % size]) for number in range(count)]


def _before_first(result: Result, round_trips: Sequence[float], idle_per_second: float) -> float:
    """Round trips from a request to its first token; the mean, because an idle server's share is a fraction."""
    found = sum(
        bisect_left(round_trips, answer.first) - bisect_left(round_trips, answer.sent)
        - idle_per_second * (answer.first - answer.sent)
        for answer in result.answers
    )  # fmt: skip
    return found / len(result.answers)
