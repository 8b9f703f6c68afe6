"""Where it is measured: a country that is kept for the next time, and a server as `fallow serve` runs it."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from bench import country, needs
from db.connection import Connection, connect
from db.migrate import bring_up_to_date
from fallow import home
from fallow.cluster import Cluster

GENERATOR, LAYER = (hashlib.sha256(Path(each.__file__).read_bytes()).hexdigest()[:16] for each in (country, needs))
STAMP = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1"
NEEDS_STAMP = "SELECT obj_description('needs'::regclass, 'pg_class')"


def cluster() -> Cluster:
    """Where countries are kept: a cluster of its own."""
    return Cluster(home.home() / "bench")


def built(cluster: Cluster, assets: int) -> tuple[str, date]:
    """A country of so many assets: its address, and the Monday from which its bookings are, at most a week from now."""
    name = f"country_{assets}"
    monday = asyncio.run(build(cluster.url(), cluster.url(name), name, assets))
    asyncio.run(lay(cluster.url(name), assets, monday))
    return cluster.url(name), monday


async def build(server: str, url: str, name: str, assets: int) -> date:
    """Make it anew unless what is there is of this generator and its bookings are to come; then only migrate it."""
    today = datetime.now(UTC).date()
    postgres = await asyncpg.connect(server)
    try:
        generator, _, monday = (await postgres.fetchval(STAMP, name) or "").rpartition(" from ")
        if generator == GENERATOR and date.fromisoformat(monday) > today:
            await bring_up_to_date(url, lambda *_: None)
            return date.fromisoformat(monday)
        first = today + timedelta(days=7 - today.weekday())
        say(f"making a country of {assets:,} assets")
        await postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await postgres.execute(f"CREATE DATABASE {name}")
        await bring_up_to_date(url, lambda *_: None)
        await country.fill(url, assets, first, say)
        await postgres.execute(f"COMMENT ON DATABASE {name} IS '{GENERATOR} from {first}'")
    finally:
        await postgres.close()
    return first


async def lay(url: str, assets: int, monday: date) -> None:
    """Have the needs of a country be those of this generator."""
    stamp = f"{LAYER} from {monday}"
    async with connected(url) as conn:
        if await conn.fetchval(NEEDS_STAMP) != stamp:
            await needs.fill(url, assets, monday, say)
            await conn.execute(f"COMMENT ON TABLE needs IS '{stamp}'")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """One connection."""
    conn = await connect(url)
    try:
        yield conn
    finally:
        await conn.close()


@contextmanager
def serving(url: str, processes: int = 2) -> Iterator[tuple[tuple[str, int], list[int]]]:
    """Server processes at work: their address, and their ids. What they log is kept beside the database."""
    command = [sys.executable, "-m", "fallow", "serve", "--port", "0", "--processes", str(processes)]
    with (
        (home.home() / "bench" / f"serve.{urlsplit(url).path[1:]}.log").open("wb") as log,
        subprocess.Popen(
            command, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            found = next(filter(None, (re.search(r"http://([\d.]+):(\d+)", line) for line in server.stdout)))
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            yield (found[1], int(found[2])), [int(child) for child in children]
        finally:
            server.terminate()


def resident_mb(process: int) -> float:
    """The memory of a process that is its own or shared, in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def say(what: str) -> None:
    """Tell whoever waits what is being done."""
    print(f"bench: {datetime.now(UTC):%H:%M:%S} {what}"[:150], file=sys.stderr, flush=True)
