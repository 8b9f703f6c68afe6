"""FALLOW_HOME: the database of one checkout, and the key of its demo."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import typer

from db.connection import Connection, connect
from db.errors import SetupFailed
from fallow.cluster import AlreadyRunning, Cluster

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Where this checkout keeps what it stores."""
    return Path(os.environ.get("FALLOW_HOME") or PROJECT / ".fallow").absolute()


def configured_database() -> str:
    """The database that somebody else runs, if we were told to use it, else nothing."""
    return os.environ.get("DATABASE_URL", "")


def read(name: str) -> str | None:
    """What write kept under a name."""
    try:
        return (home() / name).read_text().strip()
    except FileNotFoundError:
        return None


def write(name: str, text: str) -> str:
    """Keep a text that nobody else may read; it is there whole or not at all."""
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = home() / f"{name}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
    draft.replace(home() / name)
    return text


@contextmanager
def database() -> Iterator[str]:
    """The database's address for one command: as configured, or of the one that runs or is started for it."""
    if configured := configured_database():
        yield configured
        return
    cluster = Cluster(home())
    try:
        cluster.lock()
    except AlreadyRunning:
        yield _address_when_ready(cluster)
        return
    with cluster:
        yield cluster.url()


def _address_when_ready(cluster: Cluster) -> str:
    deadline = time.monotonic() + 60
    while not cluster.is_ready():
        if time.monotonic() > deadline:
            raise SetupFailed("Fallow is starting or stopping in another process; try again in a moment.")
        time.sleep(0.1)
    return cluster.url()


def change(work: Callable[[Connection, datetime], Awaitable[T]]) -> T:
    """Do an operator's work in one transaction on this checkout's database."""

    async def transact(url: str) -> T:
        conn = await connect(url)
        try:
            async with conn.transaction():
                return await work(conn, datetime.now(UTC))
        finally:
            await conn.close()

    with database() as url:
        return asyncio.run(transact(url))


def say(sentence: str) -> None:
    """One sentence for whoever typed the command."""
    typer.echo(f"fallow: {sentence}", err=True)
