"""The statements that the server sends for a request, with their parameters, as a script for pgbench.

They are heard from the application itself, so there is no second copy of them here.
"""

import math
import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from asyncpg.connection import LoggedQuery

from api import settings
from api.app import create_app
from bench.load import Answer
from db.connection import SETTINGS, Connection
from fallow.postgres import find_programs

COLON = "\x01"  # instead of one
LONG = 10_000  # what is longer is no variable of pgbench, but stands in the statement


class Script(NamedTuple):
    """Transactions of pgbench, each as likely as the other, and the values of their variables; one without is NULL."""

    texts: Sequence[str]
    values: dict[str, str]


class Varying(NamedTuple):
    """Texts that are others in each transaction, the columns that say them, and whence the `:k`-th has its own."""

    columns: Mapping[str, str]
    source: str


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, list[LoggedQuery]]]:
    """The application in this process: a client of it, and what it has said to the database."""
    app = create_app(settings.read({"DATABASE_URL": url}))
    heard: list[LoggedQuery] = []
    transport = httpx.ASGITransport(app)
    with redirect_stderr(StringIO()):  # where a line for each request goes
        async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://fallow") as client:
            for pool in (app.state.reading, app.state.writing):
                async with pool.acquire() as conn:
                    conn.add_query_logger(heard.append)
            yield client, heard


async def script(conn: Connection, samples: Sequence[Sequence[LoggedQuery]], varying: Varying | None = None) -> Script:
    """What was heard for each request, said again; what varies is read at the beginning of each transaction."""
    texts: list[str] = []
    values: dict[str, str] = {}
    for sample, queries in enumerate(samples):
        chosen: list[str] = []
        lines: list[str] = []
        for number, query in enumerate(queries):
            kinds = (await conn.prepare(query.query)).get_parameters() if query.args else ()
            said = [query.query.rstrip("; ")]
            for place, (kind, value) in enumerate(zip(kinds, query.args, strict=True)):
                variable = f"p{sample}_{number}_{place}"
                written = "" if value is None else text(value, kind.name)
                said.append(f"''::{kind.name}" if value == "" else f":{variable}::{kind.name}")
                if len(written) > LONG:
                    said[-1] = f"{literal(written)}::{kind.name}"
                elif varying and (made := composed(written, varying.columns)):
                    chosen.append(f"{made} AS {variable}")
                elif written:
                    values[variable] = written
            lines.append(re.sub(r"\$(\d+)", lambda found, said=said: said[int(found[1])], said[0]) + ";")
        if varying and chosen:
            choice = f"SELECT {', '.join(chosen)} FROM {varying.source} \\gset"
            lines = [r"\set k :counter * :clients + :client_id", choice, *lines, r"\set counter :counter + 1"]
        texts.append("\n".join([*lines, ""]))
    return Script(texts, values)


def composed(value: str, varying: Mapping[str, str]) -> str | None:
    """SQL for a text in which something varies. To pgbench a colon begins a variable, quoted or not."""
    pieces = re.split(f"({'|'.join(map(re.escape, varying))})", value)
    if len(pieces) == 1:
        return None
    return " || ".join(varying.get(piece) or literal(piece) for piece in pieces)


def literal(value: str) -> str:
    """A text in SQL."""
    quoted = value.replace("'", "''").replace(":", COLON)
    return f"replace('{quoted}', '{COLON}', chr(58))" if COLON in quoted else f"'{quoted}'"


def text(value: Any, kind: str) -> str:
    """A parameter in PostgreSQL's own writing."""
    if kind in {"json", "jsonb"}:
        return msgspec.json.encode(value).decode()
    match value:
        case list() | tuple():
            inner = kind.removesuffix("[]")
            return "{" + ",".join("NULL" if each is None else quoted(text(each, inner)) for each in value) + "}"
        case bytes():
            return rf"\x{value.hex()}"
        case datetime():
            return value.isoformat()
    return str(value)


def quoted(item: str) -> str:
    """An item of an array."""
    return '"' + item.replace("\\", r"\\").replace('"', r"\"") + '"'


def run(url: str, script: Script, *, clients: int, warm: float, seconds: float) -> list[Answer]:
    """So many seconds of pgbench, with the settings of the server's pool, and some more before. Raises RuntimeError."""
    parts = urlsplit(url)
    with TemporaryDirectory() as folder:
        command = [find_programs() / "pgbench", "-n", "-M", "prepared", "-c", clients, "-T", math.ceil(warm + seconds)]
        command += ["-l", f"--log-prefix={folder}/log", "-D", "counter=0", "-D", f"clients={clients}"]
        for sample, transaction in enumerate(script.texts):
            file = Path(folder) / f"{sample}.sql"
            file.write_text(transaction)
            command += ["-f", file]
        command += (word for pair in script.values.items() for word in ("-D", "=".join(pair)))
        command += ["-h", parse_qs(parts.query)["host"][0], "-U", parts.username, parts.path[1:]]
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        done = subprocess.run(
            [str(word) for word in command],
            env={**os.environ, "PGOPTIONS": options},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        logged = [line.split() for file in Path(folder).glob("log.*") for line in file.read_text().splitlines()]
    return timed(logged, warm)


def timed(logged: list[list[str]], warm: float) -> list[Answer]:
    """Lines of pgbench's log. It is warm when each client has planned everything, in its first transaction."""
    done = sorted((int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1e6, line[0]) for line in logged)
    planned: dict[str, float] = {}
    for at, _, client in done:
        planned.setdefault(client, at)
    since = max(done[0][0] - done[0][1] + warm, *planned.values())
    return [Answer(at - since, took, 200) for at, took, _ in done]
