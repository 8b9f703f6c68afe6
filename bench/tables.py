"""What is told of a measurement: tables, the machine, and their place in README.md."""

import os
import platform
import re
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from bench.jobs import Job
from bench.load import Answer
from bench.stage import connected

README = Path(__file__).parent / "README.md"
MODEL = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())


class Side:
    """What was measured of a job on one side: requests a second of each round, and milliseconds that requests took."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.took: list[float] = []

    def note(self, answers: Sequence[Answer]) -> None:
        """Add a round: what came once it was warm."""
        counted = [1000 * each.took for each in answers if each.at > 0]
        self.took += counted
        self.rates.append(len(counted) / max(each.at for each in answers))

    @property
    def median(self) -> float:
        """Half took no longer."""
        return statistics.median(self.took)

    def figures(self) -> str:
        """A second, the median and the 99th percentile."""
        cuts = statistics.quantiles(self.took, n=100)
        return f"{statistics.median(self.rates):,.0f} | {cuts[49]:.1f} | {cuts[98]:.1f}"


Sides: TypeAlias = tuple[Side, Side]  # by HTTP, by SQL


def requests(rows: Iterable[tuple[Job, Sides, Sides]]) -> list[str]:
    """What each job costs among others and alone."""
    lines = [
        "| job | HTTP/s | p50 | p99 | SQL/s | p50 | p99 | HTTP/SQL (rounds) | alone: HTTP | SQL | × |",
        f"|---|{'--:|' * 10}",
    ]
    for job, (http, sql), (http_alone, sql_alone) in rows:
        ratios = [one / other for one, other in zip(http.rates, sql.rates, strict=True)]
        one, other = http_alone.median, sql_alone.median
        lines.append(
            f"| {job.name} | {http.figures()} | {sql.figures()} | **{statistics.median(ratios):.2f}** "
            f"({min(ratios):.2f} to {max(ratios):.2f}) | {one:.2f} | {other:.2f} | **{one / other:.1f}** |"
        )
    return lines


def growth(rows: Iterable[tuple[int, Job, Sides]]) -> list[str]:
    """What each search or match costs in ever larger countries; ×: times what it was in the one before."""
    lines = [
        "| search, match | assets | HTTP p50 | SQL p50 | × | examined | at most | SQL µs each | × |",
        f"|---|{'--:|' * 8}",
    ]
    before: dict[str, tuple[float, float]] = {}
    for assets, job, (http, sql) in rows:
        examined = statistics.mean(job.examined)
        costs = sql.median, 1000 * sql.median / max(examined, 1)
        times = [f"{cost / then:.1f}" for cost, then in zip(costs, before.get(job.name, ()), strict=False)] or ["", ""]
        before[job.name] = costs
        lines.append(
            f"| {job.name.removeprefix('search, ')} | {assets:,} | {http.median:.1f} | {costs[0]:.1f} | {times[0]} "
            f"| {examined:.0f} | {max(job.examined)} | {costs[1]:.0f} | {times[1]} |"
        )
    return lines


async def machine(url: str, load_before: float) -> str:
    """What it was measured on, and whether that had other things to do."""
    async with connected(url) as conn:
        postgres = await conn.fetchval("SHOW server_version")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%d %B %Y}: {os.cpu_count()} × {MODEL[1] if MODEL else platform.machine()}, "
        f"{memory:.0f} GB, PostgreSQL {postgres.split()[0]} as `make run` sets it up, "
        f"Python {platform.python_version()}; load before: {load_before:.1f}."
    )


def side_by_side(kinds: Sequence[str], answers: Sequence[Answer], warm: int) -> str:
    """What answers took of which each is of the next kind, the first few of each kind apart."""
    took = [[1000 * each.took for each in answers[kind :: len(kinds)]][warm:] for kind in range(len(kinds))]
    return "; ".join(
        f"{name} {statistics.median(each):.1f} ms, at most {max(each):.0f}"
        for name, each in zip(kinds, took, strict=True)
    )


def publish(name: str, text: str) -> None:
    """Put a table into its place."""
    begins, ends = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = README.read_text().partition(begins)
    README.write_text(f"{before}{begins}\n{text}\n\n{ends}{rest.partition(ends)[2]}")
