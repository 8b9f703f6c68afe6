"""The command line. Every failure that a person can mend is one sentence on standard error."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api import settings
from db.connection import connect
from db.errors import SetupFailed
from db.version import current, version
from fallow import backup as backups
from fallow import home, organisations, showcase, tokens
from fallow.cluster import Cluster
from fallow.failures import explain
from fallow.home import say
from fallow.supervisor import Servers, listen, one_interrupt_stops, reachable, supervise

app = typer.Typer(
    name="fallow",
    help="Spare capacity of public bodies, found and booked by community groups.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(organisations.app, name="organisations")
app.add_typer(tokens.app, name="tokens")

Report = Callable[[str, int, int], None]
Host = Annotated[str, typer.Option(envvar="FALLOW_HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="Port to listen on; 0 takes any.")]
Processes = Annotated[int, typer.Option(min=1, help="How many server processes.")]


@app.command()
def run(host: Host = "127.0.0.1", port: Port = 8000, processes: Processes = 2) -> None:
    """Run everything: database, schema, demo data the first time, servers, a worker."""
    _serve(host, port, processes, demo=True)


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000, processes: Processes = 2) -> None:
    """Answer requests and nothing else; the database is as `fallow migrate` left it."""
    _serve(host, port, processes, demo=False)


@app.command()
def worker() -> None:
    """Do what happens without a request: lapsed holds, what is over. Any number may run."""
    from worker.app import run as work  # noqa: PLC0415 - PgQueuer, which no other command needs

    with home.database() as url:
        _check(url)
        work(url)


@app.command()
def migrate() -> None:
    """Bring the database's schema and reference data up to date."""
    with home.database() as url, progress() as report:
        bring_up_to_date(url, report)
    say("The database is up to date.")


@app.command()
def demo() -> None:
    """Load the demo: real places, invented offers and bookings. A second time changes nothing."""
    with home.database() as url, progress() as report:
        bring_up_to_date(url, report)
        loaded = asyncio.run(showcase.ensure(url, report))
    say(showcase.told(loaded))


@app.command()
def backup(file: backups.File) -> None:
    """Write everything that is stored to a new file; Fallow may run meanwhile."""
    backups.backup(file)
    say(f"Everything is in {file}.")


@app.command()
def restore(file: backups.File) -> None:
    """Replace everything that is stored by what a backup holds, or change nothing; Fallow must not run meanwhile."""
    with backups.restored(file) as url, progress() as report:
        bring_up_to_date(url, report)
    say(f"What is stored is what {file} holds. Readers of the event feed begin anew.")


def _prepare(url: str) -> None:
    """The schema and, the first time, the demo."""
    with progress() as report:
        bring_up_to_date(url, report)
        loaded = asyncio.run(showcase.ensure(url, report))
    if loaded.counts:
        say(showcase.told(loaded))


def _check(url: str) -> None:
    """Raises SetupFailed where the schema is not this version's."""
    if not is_up_to_date(url):
        raise SetupFailed("The database is not of this version of Fallow; type: fallow migrate")


def is_up_to_date(url: str) -> bool:
    """Whether a database has this version's schema."""

    async def look() -> bool:
        conn = await connect(url)
        try:
            return await current(conn) == version()
        finally:
            await conn.close()

    return asyncio.run(look())


def bring_up_to_date(url: str, report: Report) -> None:
    """Migrate a database that needs it."""
    if not is_up_to_date(url):
        from db.migrate import migrate as really  # noqa: PLC0415 - it takes a second and is seldom needed

        really(url, report)


def _serve(host: str, port: int, processes: int, *, demo: bool) -> None:
    try:
        _serve_until_interrupted(host, port, processes, demo=demo)
    except KeyboardInterrupt:
        say("Stopped.")


def _serve_until_interrupted(host: str, port: int, processes: int, *, demo: bool) -> None:
    """Claim the folder, then the port, then start the database and the servers; at the end undo it all."""
    settings.read({**os.environ, "DATABASE_URL": "checked later"})
    configured = home.configured_database()
    cluster = None if configured else Cluster(home.home())
    with ExitStack() as stack:
        if cluster:
            stack.callback(cluster.stop)
            cluster.lock()
        listener = stack.enter_context(listen(host, port))
        url = stack.enter_context(cluster).url() if cluster else configured
        (_prepare if demo else _check)(url)
        counted = stack.enter_context(TemporaryDirectory(prefix="fallow-metrics-"))  # what the servers count together
        environment = {**os.environ, "DATABASE_URL": url, "PROMETHEUS_MULTIPROC_DIR": counted}
        servers = Servers(listener, count=processes, workers=1 if demo else 0, environment=environment)
        address = f"http://{reachable(host)}:{listener.getsockname()[1]}"
        supervise(
            servers,
            check=lambda: _keep(cluster),
            announce=lambda: announce(address, demo=demo),
        )


def _keep(cluster: Cluster | None) -> None:
    """Our own database runs; the servers connect to it anew when they need it."""
    if cluster and (words := cluster.revive()):
        say(f"The database ended ({words}) and was started again.")


def announce(address: str, *, demo: bool) -> None:
    """Tell a newcomer where to look."""
    lines = ["", f"Fallow answers at {address}/v1 and explains itself at {address}/docs"]
    if demo:
        lines += ["Try what is free near Sale next Tuesday evening:", "", f"  {showcase.curl(address)}", ""]
    typer.echo("\n".join([*lines, "Ctrl-C stops it.", ""]))


@contextmanager
def progress() -> Iterator[Report]:
    """A bar on a terminal, nothing elsewhere. Gives the function that is told (what, done, of how many)."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def main() -> None:
    """Run a command. A failure ends with code 1 and a sentence, an interrupt with 0 for servers, else 130."""
    one_interrupt_stops()
    try:
        app(prog_name="fallow")
    except Exception as failure:
        sentence = explain(failure)
        if not sentence:
            raise
        say(sentence)
        sys.exit(1)
