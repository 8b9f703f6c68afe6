"""`fallow backup` and `fallow restore`: everything that is stored, in one file of pg_dump's custom format."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from db.connection import connect
from db.errors import SetupFailed
from fallow import home
from fallow.cluster import AlreadyRunning, Cluster
from fallow.postgres import complaint, find_programs

File = Annotated[Path, typer.Argument(help="The file.", dir_okay=False)]

# A restore is one transaction: if anything is wrong, nothing has changed. Readers of the event feed must begin anew,
# as what they read last may be gone; and transactions are counted afresh, so the events come before all that follow.
CLEAR = "DROP SCHEMA IF EXISTS rules, jobs CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
RENEW = "UPDATE public.service SET epoch = gen_random_uuid(); UPDATE public.events SET xid = pg_current_xact_id();"
OTHERS = """
  SELECT count(*) FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'fallow' AND pid <> pg_backend_pid()
"""
ALIKE = ("--no-owner", "--no-privileges")


def backup(file: Path) -> None:
    """Write everything that is stored to a new file; Fallow may run meanwhile."""
    if file.exists():
        raise SetupFailed(f"{file} exists already; choose another name.")
    draft = file.with_name(f"{file.name}.part")
    with home.database() as url:
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                run("pg_dump", "--format=custom", *ALIKE, url=url, stdout=target)
            draft.rename(file)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def restored(file: Path) -> Iterator[str]:
    """Replace everything that is stored by what a file holds. Gives the database's address."""
    if not file.is_file():
        raise SetupFailed(f"There is no file {file}.")
    run("pg_restore", "--file=/dev/null", str(file))  # read to its end before anything is touched
    with alone() as url:
        replace(file, url)
        yield url


def replace(file: Path, url: str) -> None:
    """Let psql do what pg_restore says, and commit only when pg_restore has said all."""
    script = subprocess.Popen([program("pg_restore"), *ALIKE, "--file=-", file], stdout=subprocess.PIPE)
    once = ("--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1")
    psql = subprocess.Popen(
        **call("psql", *once, url=url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert psql.stdin  # noqa: S101 - for the type: both are pipes
    assert script.stdout  # noqa: S101
    with psql, script:
        with suppress(BrokenPipeError):  # psql has given up, and says why
            psql.stdin.write(f"SET client_min_messages = warning; BEGIN; {CLEAR}\n".encode())
            shutil.copyfileobj(script.stdout, psql.stdin)
            if script.wait() == 0:
                psql.stdin.write(f"{RENEW} COMMIT;\n".encode())
        script.stdout.close()
        _, said = psql.communicate()
    if psql.returncode or script.returncode:
        raise SetupFailed(f"The restore failed, and nothing has changed: {complaint(said.decode())}")


@contextmanager
def alone() -> Iterator[str]:
    """The database's address, while nobody else of ours uses it: servers would go on with what is gone."""
    if configured := home.configured_database():
        if asyncio.run(others(configured)):
            raise SetupFailed("Fallow still uses this database. Stop it first.")
        yield configured
        return
    cluster = Cluster(home.home())
    try:
        cluster.lock()
    except AlreadyRunning as running:
        raise SetupFailed(f"{running} Stop it first.") from None
    with cluster:
        yield cluster.url()


async def others(url: str) -> int:
    """How many connections of ours a database has beside this one."""
    conn = await connect(url)
    try:
        return int(await conn.fetchval(OTHERS))
    finally:
        await conn.close()


def run(
    name: str,
    *arguments: str,
    url: str | None = None,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
) -> None:
    """Run one of PostgreSQL's programs. Raises SetupFailed with what it said."""
    done = subprocess.run(**call(name, *arguments, url=url), stdout=stdout, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise SetupFailed(f"{name} failed: {complaint(done.stderr.decode())}")


def call(name: str, *arguments: str, url: str | None = None) -> dict[str, Any]:
    """How one of PostgreSQL's programs is called, on a database or on none."""
    environment = dict(os.environ)
    if url:
        password = urlsplit(url).password
        if password:  # other users see what a program is called with
            environment["PGPASSWORD"] = unquote(password)
            url = url.replace(f":{password}@", "@", 1)
        arguments = (f"--dbname={url}", *arguments)
    return {"args": [program(name), *arguments], "env": environment}


def program(name: str) -> str:
    """Where one of PostgreSQL's programs is: beside the server's, else on the PATH."""
    try:
        return str(find_programs() / name)
    except SetupFailed:
        found = shutil.which(name)
        if found is None:
            raise SetupFailed(f"{name} is missing: install the clients of PostgreSQL.") from None
        return found
