"""`python -m bench all ASSETS`: each job through HTTP and the same SQL through pgbench, in turns.
`python -m bench growth ASSETS …`: what search and matching cost in countries of several sizes.
With `--publish` the table goes into bench/README.md.
"""

import argparse
import asyncio
import os
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from multiprocessing import get_context

from bench import changes, jobs, limits, load, matches, recorded, stage, tables, waiting, work
from bench.jobs import Job
from bench.load import Answer
from bench.tables import Side, Sides
from db.connection import Connection

CLIENTS = 8


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

    def fallow(self, job: Job, clients: int) -> list[Answer]:
        """Ask the server, or have a worker do it."""
        if job.by_worker:
            return self.clients.submit(work.drive, self.url, job.requests, clients=clients, **self.time).result()
        asking = self.clients.submit(
            load.drive, self.address, job.requests, clients=clients, again=not job.units, **self.time
        )
        answers = asking.result()
        self.asked += len(answers)
        wrong = Counter(each.status for each in answers if each.status != job.status)
        if wrong:
            raise RuntimeError(f"{job.name}: {wrong}")
        return answers

    def sql(self, job: Job, clients: int) -> list[Answer]:
        """Ask the database."""
        return recorded.run(self.url, job.script, clients=clients, **self.time)

    async def stand(self, job: Job) -> None:
        """Have what there has to be before it is asked for."""
        async with stage.connected(self.url) as conn:
            await changes.stand(conn, job)

    async def undo(self) -> int:
        """Take back what was booked and what stood there first: how many units it occupied, and otherwise than that."""
        async with stage.connected(self.url) as conn:
            return await changes.undo(conn)

    def contest(self, requests: Sequence[bytes]) -> str:
        """Everybody wants the same, again and again: exactly one gets it."""
        contests = self.clients.submit(load.contest, self.address, requests, clients=CLIENTS).result()
        self.asked += len(requests) * CLIENTS
        counts = Counter(each.status for answers in contests for each in answers)
        winners = Counter(sum(each.status == 201 for each in answers) for answers in contests)
        asyncio.run(self.undo())
        if winners != {1: len(requests)} or not counts.keys() <= {201, 409, 503}:
            raise RuntimeError(f"winners {winners}, answers {counts}")
        cuts = statistics.quantiles([each.took for answers in contests for each in answers], n=100)
        answered = ", ".join(f"{number:,} × {status}" for status, number in sorted(counts.items()))
        return (
            f"One asset, {len(requests)} periods, each wanted by {CLIENTS} clients at once: one winner each time; "
            f"{answered}; p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms."
        )

    def in_turns(self, requests: Sequence[bytes]) -> list[Answer]:
        """The answers to requests, one after another."""
        asking = self.clients.submit(
            load.drive, self.address, requests, clients=1, warm=0, seconds=len(requests), again=False
        )
        answers = asking.result()
        self.asked += len(answers)
        return answers

    def give_back(self, requests: Sequence[bytes]) -> str:
        """What others wait for, or nobody."""
        answers = self.in_turns(requests)
        return waiting.told(answers, asyncio.run(self.take_back(waiting.undo)))

    def count(self, requests: Sequence[bytes]) -> str:
        """Bookings that limits count, or not."""
        answers = self.in_turns(requests)
        asyncio.run(self.take_back(limits.undo))
        return limits.told(answers)

    async def take_back(self, undo: Callable[[Connection], Awaitable[int]]) -> int:
        """What was done, undone: what that says of it."""
        async with stage.connected(self.url) as conn:
            return await undo(conn)


def clients() -> ProcessPoolExecutor:
    """The process of the clients."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def measure(turns: Sequence[tuple[Rig, Job]], rounds: int, crowds: Sequence[int]) -> list[list[Sides]]:
    """What comes of each turn with each number of clients. Everybody's turn comes in each round; what was changed is
    taken back after each turn.
    """
    measured = [[(Side(), Side()) for _ in crowds] for _ in turns]
    for number in range(rounds):
        for (rig, job), of_crowds in zip(turns, measured, strict=True):
            stage.say(f"round {number + 1}: {job.name}")
            for crowd, sides in zip(crowds, of_crowds, strict=True):
                for side, ask in zip(sides, (rig.fallow, rig.sql), strict=True):
                    if job.units:
                        asyncio.run(rig.stand(job))
                    answers = ask(job, crowd)
                    side.note(answers)
                    if job.units and (changed := asyncio.run(rig.undo())) != len(answers) * job.units:
                        raise RuntimeError(f"{job.name}: {len(answers)} answered, {changed} units changed")
    return measured


def bench(assets: int, rounds: int, **given: float) -> str:
    """Everything, in one country."""
    before = os.getloadavg()[0]
    with stage.cluster() as cluster:
        url, monday = stage.built(cluster, assets)
        changing, contested = asyncio.run(changes.changing(url, monday))
        reading = asyncio.run(jobs.reading(url, monday))
        matching = asyncio.run(matches.matching(url, monday))
        todo = [*reading, *matching, *changing]
        with stage.serving(url) as (address, servers), clients() as pool:
            rig = Rig(url, address, pool, **given)
            for each in [*reading, *matching]:
                rig.fallow(each, CLIENTS)
            memory = [stage.resident_mb(each) for each in servers]
            measured = measure([(rig, job) for job in todo], rounds, [CLIENTS, 1])
            contest = rig.contest(contested)
            counted = rig.count(asyncio.run(limits.booking(url, monday)))
            given_back = rig.give_back(asyncio.run(waiting.cancelling(url, monday)))
            grown = ", ".join(
                f"{one:.0f} → {stage.resident_mb(each):.0f} MB" for one, each in zip(memory, servers, strict=True)
            )
            machine = asyncio.run(tables.machine(url, before))
    about = (
        f"{machine} {assets:,} assets; {rounds} rounds of {given['seconds']:g} s, each after {given['warm']:g} s to "
        f"warm up; {CLIENTS} clients, then one alone. Milliseconds."
    )
    rows = tables.requests((job, many, alone) for job, (many, alone) in zip(todo, measured, strict=True))
    memory_told = (
        f"Memory of a server process, before and after the {rig.asked:,} requests that the two answered: {grown}."
    )
    return "\n".join([about, "", *rows, "", contest, "", counted, "", given_back, "", memory_told])


def growth(sizes: Sequence[int], rounds: int, **given: float) -> str:
    """Searches and matches, in countries of several sizes, in turns."""
    before = os.getloadavg()[0]
    with stage.cluster() as cluster, clients() as pool, ExitStack() as servers:
        countries = [stage.built(cluster, assets) for assets in sizes]
        rigs = [Rig(url, servers.enter_context(stage.serving(url))[0], pool, **given) for url, _ in countries]
        todo = [
            asyncio.run(jobs.reading(*country, only_searches=True)) + asyncio.run(matches.matching(*country))
            for country in countries
        ]
        turns = [turn for alike in zip(*todo, strict=True) for turn in zip(rigs, alike, strict=True)]
        measured = measure(turns, rounds, [1])
        machine = asyncio.run(tables.machine(rigs[0].url, before))
    rows = tables.growth(
        (assets, job, sides) for assets, (_, job), [sides] in zip(cycle(sizes), turns, measured, strict=False)
    )
    about = (
        f"{machine} One client; {rounds} rounds of {given['seconds']:g} s, each after {given['warm']:g} s to warm up. "
        f"Milliseconds; ×: times what it is in the country before."
    )
    return "\n".join([about, "", *rows])


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
        tables.publish(given.what, text)


if __name__ == "__main__":
    main()
