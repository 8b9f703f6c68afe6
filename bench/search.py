"""How long the slowest searches take that the API accepts: `python -m bench.search [ASSETS]`.

Milliseconds are the median of `RUNS`; around the middle of Manchester, 200 km, 100 results, nobody's token.
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from time import perf_counter

import msgspec

import db.search
from bench import stage
from bench.country import MIDDLE
from db.connection import Connection
from domain import taxonomy
from domain.search import START, Origin, Search
from domain.time import Period

RUNS = 5
ANYTHING = Search(
    origin=Origin(*MIDDLE, "point"),
    within_m=200_000,
    category=None,
    kind=None,
    features=[],
    attendees=None,
    units=1,
    only_free_of_charge=False,
    owner_id=None,
    period=None,
    weeks=1,
    at_least=1,
    explain=False,
)


def starting(monday: date, hour: int, **length: int) -> Period:
    """A period of so many hours or days from that hour of an ordinary day."""
    starts = datetime.combine(monday + timedelta(days=2), time(hour), UTC)
    return Period(starts, starts + timedelta(**length))


def cases(monday: date) -> Mapping[str, Search]:
    """What is looked for, by what it is called."""
    rare = list(taxonomy.taxonomy().features)[:10]
    week, evening, night = starting(monday, 18, days=7), starting(monday, 18, hours=2), starting(monday, 2, hours=2)
    given: dict[str, dict[str, object]] = {
        "what is there": {},
        "an evening": {"period": evening},
        "ten features that nothing has": {"period": evening, "features": rare},
        "a night, mostly closed": {"period": night},
        "a month": {"period": starting(monday, 18, days=31)},
        "366 days": {"period": starting(monday, 18, days=366)},
        "53 evenings, any of them": {"period": evening, "weeks": 53},
        "53 evenings, half of them": {"period": evening, "weeks": 53, "at_least": 27},
        "53 evenings, all of them": {"period": evening, "weeks": 53, "at_least": 53},
        "53 nights, half of them": {"period": night, "weeks": 53, "at_least": 27},
        "53 whole weeks, any of them": {"period": week, "weeks": 53},
    }
    return {name: msgspec.structs.replace(ANYTHING, **changes) for name, changes in given.items()}


async def measure(conn: Connection, search: Search, now: datetime) -> str:
    """The median, and what was found."""
    times = []
    for _ in range(RUNS):
        begun = perf_counter()
        looked = await db.search.search(conn, search, caller=None, now=now, after=START, limit=100)
        times.append(perf_counter() - begun)
    counts = f"{looked.examined:5} {min(len(looked.matches), 100):5} {len(looked.failed):6}"
    return f"{1000 * median(times):6.0f} {counts}"


async def main(url: str, monday: date) -> None:
    """Print a line for each case, without and with near misses."""
    now = datetime.now(UTC)
    print(f"{'':40} {'ms':>6} {'tested':>5} {'found':>5} {'failed':>6}")
    async with stage.connected(url) as conn:
        for name, search in cases(monday).items():
            print(f"{name:40} {await measure(conn, search, now)}")
            print(f"{'  explained':40} {await measure(conn, msgspec.structs.replace(search, explain=True), now)}")


if __name__ == "__main__":
    with stage.cluster() as cluster:
        asyncio.run(main(*stage.built(cluster, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
