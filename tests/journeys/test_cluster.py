"""The private cluster: starts however its predecessor ended, and where it cannot says why in a sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from db.errors import SetupFailed
from fallow.cluster import AlreadyRunning, Cluster
from fallow.postgres import complaint, find_programs

HOLD = """
import sys, time
from pathlib import Path
from fallow.cluster import Cluster
with Cluster(Path(sys.argv[1])) as cluster:
    print("up", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that others cannot enter, with blanks in its name, on a path longer than a socket's may be."""
    tmp_path.chmod(0o700)
    return tmp_path / "fire station, Sale" / ("x" * 120) / ".fallow"


async def ask(cluster: Cluster, *statements: str):
    connection = await asyncpg.connect(cluster.url())
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


def hold(home: Path) -> subprocess.Popen:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, home], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "up\n"
    return holder


@pytest.fixture
def holder(home):
    process = hold(home)
    yield process
    process.send_signal(signal.SIGINT)
    process.wait()
    process.stdout.close()


def unfinished(home: Path) -> None:
    (home / "pg.new").mkdir(parents=True)
    (home / "pg.new" / "PG_VERSION").write_text("15\n")


async def test_what_was_stored_survives_a_stop_and_a_kill(home, monkeypatch):
    unfinished(home)
    with Cluster(home) as cluster:
        await ask(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
        assert await ask(cluster, "SHOW listen_addresses") == ""
        assert await ask(cluster, "SHOW fsync") == "on"
        assert cluster.socket.stat().st_mode & 0o777 == 0o700
    assert not cluster.socket.exists()

    holder = hold(home)
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    await ask(cluster, "INSERT INTO kept VALUES (2)")
    os.kill(postmaster, signal.SIGKILL)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    # The pid of a living process that is not ours, as after a reboot, must not be believed.
    pidfile = cluster.data / "postmaster.pid"
    pidfile.write_text(pidfile.read_text().replace(str(postmaster), str(os.getppid()), 1))

    with Cluster(home) as cluster:
        assert await ask(cluster, "SELECT sum(n) FROM kept") == 3


async def test_a_database_that_outlived_its_supervisor_is_stopped_first(home, holder):
    cluster = Cluster(home)
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)  # cannot yet hear that its supervisor died
    holder.kill()
    holder.wait()
    os.kill(postmaster, signal.SIGCONT)
    with cluster:
        assert await ask(cluster, "SELECT 1") == 1
        assert cluster.process.pid != postmaster


async def test_one_process_at_a_time(home, holder):
    with pytest.raises(AlreadyRunning) as refusal:
        Cluster(home).lock()
    assert str(refusal.value) == f"Fallow already runs here (process {holder.pid})."
    assert Cluster(home).is_ready()


async def test_throwaway_clusters_move_aside_and_leave_no_data(tmp_path):
    with Cluster(tmp_path / "test", throwaway=True) as first:
        await ask(first, "CREATE TABLE mine ()")
        with Cluster(tmp_path / "test", throwaway=True) as second:
            assert (first.home.name, second.home.name) == ("test", "test-2")
            assert await ask(second, "SELECT to_regclass('mine')") is None
            assert await ask(second, "SHOW fsync") == "off"
    assert not first.data.exists()
    assert not second.data.exists()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda data: (data / "PG_VERSION").write_text("9\n"), "is of PostgreSQL 9 and this machine has"),
        (lambda data: (data / "PG_VERSION").unlink(), "holds no database; move it away"),
        (
            lambda data: (data / "global" / "pg_control").unlink(),
            "(could not find the database system); move it away",
        ),
        (lambda data: (data / "postgresql.conf").write_text("wal_level = banana\n"), "does not start (FATAL"),
    ],
)
async def test_a_broken_cluster_is_one_sentence(tmp_path, spoil, sentence):
    cluster = Cluster(tmp_path)
    cluster._initialise(find_programs())
    spoil(cluster.data)
    with pytest.raises(SetupFailed) as failure, cluster:
        pass
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)


async def test_a_database_that_ends_is_started_again_with_what_it_held_but_not_for_ever(tmp_path):
    with Cluster(tmp_path, throwaway=True) as cluster:
        assert cluster.revive() is None
        await ask(cluster, "CREATE TABLE kept AS SELECT 1 AS n", "CHECKPOINT")
        for _ in range(4):
            end(cluster)
            assert cluster.revive()
        assert await ask(cluster, "SELECT n FROM kept") == 1
        end(cluster)
        with pytest.raises(SetupFailed, match=r"^The database ended 5 times within a minute \(.*\)\.$"):
            cluster.revive()


def end(cluster: Cluster) -> None:
    cluster.process.kill()
    cluster.process.wait()


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path):
    cluster = Cluster(tmp_path, throwaway=True)
    cluster.socket.symlink_to(tmp_path)
    try:
        with pytest.raises(SetupFailed, match=f"{cluster.socket} is somebody else's; remove it."), cluster:
            pass
    finally:
        cluster.socket.unlink()


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            "LOG:  starting\n2026-11-25 UTC [7] FATAL:  no\nUTC [7] PANIC:  so\nLOG:  shut down\n",
            "FATAL:  no",
        ),
        (
            "FATAL:  could not extend\nHINT:  Check free disk space.\nPANIC:  abort\n",
            "No space left on device",
        ),
        ("initdb: error: could not look up user 7\n", "could not look up user 7"),
        ("Illegal instruction\n", "Illegal instruction"),
        ("", "it said nothing"),
    ],
)
def test_of_a_log_only_the_line_that_matters_is_told(log, said):
    assert complaint(log) == said
