"""`python -m bench [ASSETS]`: each job through HTTP and the same SQL through pgbench, in turns; the table goes into
bench/README.md. `python -m bench growth [ASSETS …]`: what search costs in countries of several sizes.
"""

import argparse
import asyncio
import os
import platform
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

import asyncpg

from bench import jobs, load, recorded, stage
from bench.jobs import Job
from bench.load import Answer
from db.connection import connect

CLIENTS = 8
README = Path(__file__).parent / "README.md"
MODEL = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())


class Side:
    """What was measured of a job on one side: requests a second of each round, and seconds that requests took."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.took: list[float] = []
        self.alone: list[float] = []

    def note(self, answers: Sequence[Answer], *, alone: bool) -> None:
        """Add a round: what came once it was warm."""
        counted = [each.took for each in answers if each.at > 0]
        if alone:
            self.alone += counted
        else:
            self.took += counted
            self.rates.append(len(counted) / max(each.at for each in answers))

    def figures(self) -> str:
        """A second, and in milliseconds the median and the 99th percentile."""
        cuts = statistics.quantiles(self.took, n=100)
        return f"{statistics.median(self.rates):,.0f} | {1000 * cuts[49]:.1f} | {1000 * cuts[98]:.1f}"


class Rig:
    """A server at work on a country, and the process of its clients; so many seconds each time, and others before."""

    def __init__(
        self, url: str, address: tuple[str, int], clients: ProcessPoolExecutor, *, warm: float, seconds: float
    ) -> None:
        self.url = url
        self.address = address
        self.clients = clients
        self.time = {"warm": warm, "seconds": seconds}
        self.asked = 0

    def http(self, job: Job, clients: int) -> list[Answer]:
        """Ask the server."""
        asking = self.clients.submit(
            load.drive, self.address, job.requests, clients=clients, again=not job.makes, **self.time
        )
        answers = asking.result()
        self.asked += len(answers)
        wrong = Counter(each.status for each in answers if each.status != (201 if job.makes else 200))
        if wrong:
            raise RuntimeError(f"{job.name}: {wrong}")
        return answers

    def sql(self, job: Job, clients: int) -> list[Answer]:
        """Ask the database."""
        return recorded.run(self.url, job.script, clients=clients, **self.time)

    def contest(self, requests: Sequence[bytes]) -> str:
        """Everybody wants the same, again and again: exactly one gets it."""
        contests = self.clients.submit(load.contest, self.address, requests, clients=CLIENTS).result()
        self.asked += len(requests) * CLIENTS
        counts = Counter(each.status for answers in contests for each in answers)
        winners = Counter(sum(each.status == 201 for each in answers) for answers in contests)
        if winners != {1: len(requests)} or not counts.keys() <= {201, 409, 503}:
            raise RuntimeError(f"winners {winners}, answers {counts}")
        cuts = statistics.quantiles([each.took for answers in contests for each in answers], n=100)
        answered = ", ".join(f"{number:,} × {status}" for status, number in sorted(counts.items()))
        return (
            f"One asset, {len(requests)} periods, each wanted by {CLIENTS} clients at once: one winner each time; "
            f"{answered}; p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms."
        )


async def undo(url: str) -> int:
    """Take back what was booked."""
    conn = await connect(url)
    try:
        return await jobs.undo(conn)
    finally:
        await conn.close()


def measure(turns: Sequence[tuple[Rig, Job]], rounds: int, crowds: Sequence[int]) -> list[tuple[Side, Side]]:
    """What comes of each turn, by HTTP and by SQL, with so many clients and so many. Everybody's turn comes in each
    round; what was booked is taken back after each turn.
    """
    sides = [(Side(), Side()) for _ in turns]
    for number in range(rounds):
        for (rig, job), (http, sql) in zip(turns, sides, strict=True):
            stage.say(f"round {number + 1}: {job.name}")
            for clients in crowds:
                for side, ask in ((http, rig.http), (sql, rig.sql)):
                    answers = ask(job, clients)
                    side.note(answers, alone=clients == 1)
                    if job.makes and (booked := asyncio.run(undo(rig.url))) != len(answers):
                        raise RuntimeError(f"{job.name}: {len(answers)} answered, {booked} booked")
    return sides


def row(job: Job, http: Side, sql: Side) -> str:
    """A job's line."""
    ratios = [one / other for one, other in zip(http.rates, sql.rates, strict=True)]
    one, other = statistics.median(http.alone), statistics.median(sql.alone)
    return (
        f"| {job.name} | {http.figures()} | {sql.figures()} | **{statistics.median(ratios):.2f}** "
        f"({min(ratios):.2f} to {max(ratios):.2f}) | {1000 * one:.2f} | {1000 * other:.2f} | **{one / other:.1f}** |"
    )


HEAD = f"""\
| job | HTTP/s | p50 | p99 | SQL/s | p50 | p99 | HTTP/SQL (rounds) | alone: HTTP | SQL | × |
|---|{"--:|" * 10}"""


def bench(assets: int, rounds: int, **given: float) -> str:
    """Everything, in one country."""
    before = os.getloadavg()[0]
    with stage.cluster() as cluster:
        url, monday = stage.built(cluster, assets)
        booking, contested = asyncio.run(jobs.booking(url, monday))
        todo = [*asyncio.run(jobs.reading(url, monday)), booking]
        with stage.serving(url) as (address, servers), clients() as pool:
            rig = Rig(url, address, pool, **given)
            for each in todo[:-1]:
                rig.http(each, CLIENTS)
            memory = [stage.resident_mb(each) for each in servers]
            sides = measure([(rig, job) for job in todo], rounds, [CLIENTS, 1])
            contest = rig.contest(contested)
            asyncio.run(undo(url))
            grown = ", ".join(
                f"{one:.0f} → {stage.resident_mb(each):.0f} MB" for one, each in zip(memory, servers, strict=True)
            )
            machine = asyncio.run(describe(url, before))
    about = (
        f"{machine} {assets:,} assets; {rounds} rounds of {given['seconds']:g} s, each after {given['warm']:g} s to "
        f"warm up; {CLIENTS} clients, then one alone. Milliseconds."
    )
    rows = [row(job, *each) for job, each in zip(todo, sides, strict=True)]
    memory_told = (
        f"Memory of a server process, before and after the {rig.asked:,} requests that the two answered: {grown}."
    )
    return "\n".join([about, "", HEAD, *rows, "", contest, "", memory_told])


GROWN = f"""\
| search | assets | HTTP p50 | SQL p50 | × | examined | at most | SQL µs each | × |
|---|{"--:|" * 8}"""


def growth(sizes: Sequence[int], rounds: int, **given: float) -> str:
    """Search, in countries of several sizes, in turns."""
    before = os.getloadavg()[0]
    with stage.cluster() as cluster, clients() as pool, ExitStack() as servers:
        countries = [stage.built(cluster, assets) for assets in sizes]
        rigs = [Rig(url, servers.enter_context(stage.serving(url))[0], pool, **given) for url, _ in countries]
        todo = [asyncio.run(jobs.reading(*country, only_searches=True)) for country in countries]
        turns = [turn for searches in zip(*todo, strict=True) for turn in zip(rigs, searches, strict=True)]
        sides = measure(turns, rounds, [1])
        machine = asyncio.run(describe(countries[0][0], before))
    lines = []
    smaller: dict[str, tuple[float, float]] = {}
    for assets, (_, job), (http, sql) in zip(cycle(sizes), turns, sides, strict=False):
        one, other = (1000 * statistics.median(side.alone) for side in (http, sql))
        found = statistics.mean(job.examined)
        now = other, other / max(found, 1)
        times = [f"{one / two:.1f}" for one, two in zip(now, smaller.get(job.name, ()), strict=False)] or ["", ""]
        smaller[job.name] = now
        lines.append(
            f"| {job.name.removeprefix('search, ')} | {assets:,} | {one:.1f} | {other:.1f} | {times[0]} "
            f"| {found:.0f} | {max(job.examined)} | {1000 * now[1]:.0f} | {times[1]} |"
        )
    about = (
        f"{machine} One client; {rounds} rounds of {given['seconds']:g} s in turns, each after {given['warm']:g} s to "
        f"warm up. Milliseconds; ×: times what it is in the country before."
    )
    return "\n".join([about, "", GROWN, *lines])


def clients() -> ProcessPoolExecutor:
    """The process of the clients."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


async def describe(url: str, load_before: float) -> str:
    """The machine, and whether it had other things to do."""
    conn = await asyncpg.connect(url)
    try:
        postgres = await conn.fetchval("SHOW server_version")
    finally:
        await conn.close()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%d %B %Y}: {os.cpu_count()} × {MODEL[1] if MODEL else platform.machine()}, "
        f"{memory:.0f} GB, PostgreSQL {postgres.split()[0]} as `make run` sets it up, "
        f"Python {platform.python_version()}; load before: {load_before:.1f}."
    )


def publish(name: str, text: str) -> None:
    """Put a table into its place in README.md."""
    begins, ends = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = README.read_text().partition(begins)
    README.write_text(f"{before}{begins}\n{text}\n\n{ends}{rest.partition(ends)[2]}")


def main() -> None:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("what", choices=["all", "growth"])
    parser.add_argument("assets", nargs="+", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warm", type=float, default=2)
    parser.add_argument("--publish", action="store_true", help="into bench/README.md")
    given = parser.parse_args()
    time = {"warm": given.warm, "seconds": given.seconds}
    if given.what == "growth":
        text = growth(given.assets, given.rounds, **time)
    else:
        text = bench(given.assets[0], given.rounds, **time)
    print(text)
    if given.publish:
        publish(given.what, text)


if __name__ == "__main__":
    main()
