"""A PostgreSQL cluster of Fallow's own: data in FALLOW_HOME, a unix socket and nothing else.

Every start may be the first after kill -9, a reboot or a full disk, so nothing that is found is believed.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from db.errors import SetupFailed
from fallow.deaths import OFTEN, Deaths
from fallow.postgres import NO_ROOM, as_owner, complaint, database_user, find_programs, open_directory

SUPERUSER = "fallow"
INITDB = (
    f"--username={SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)
THROWAWAY = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class AlreadyRunning(SetupFailed):
    """Another process holds this cluster."""


class Cluster:
    """A cluster that runs while it is entered, and whatever way its predecessor ended starts again.

    A throwaway one begins empty, trades safety for speed, and moves aside (test-2, test-3, …) where another
    run uses its home. Enter it from the main thread: the kernel stops the database when that thread dies.
    Raises SetupFailed with one sentence for whoever runs it, AlreadyRunning when another process has it.
    """

    def __init__(self, home: Path, *, throwaway: bool = False) -> None:
        self.home = home.absolute()
        self.throwaway = throwaway
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = Deaths()
        self._lock: IO[str] | None = None

    @property
    def data(self) -> Path:
        """Where the database keeps its files."""
        return self.home / "pg"

    @property
    def socket(self) -> Path:
        """The socket's directory: short, because a socket's whole path has at most 107 characters."""
        home = hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:12]
        return Path(f"/tmp/fallow-{os.getuid()}-{home}")  # noqa: S108 - made with mode 0700, checked before use

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases, for a superuser."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self.socket))}"

    def lock(self) -> None:
        """Claim the cluster for this process before anything else is done; start does it too."""
        first = self.home
        for turn in range(2, 100):
            if self._lock or self._try_lock():
                return
            if not self.throwaway:
                break
            self.home = first.with_name(f"{first.name}-{turn}")
        holder = (self.home / "lock").read_text().strip() or "unknown"
        raise AlreadyRunning(f"Fallow already runs here (process {holder}).")

    def _try_lock(self) -> bool:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (self.home / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._lock = file
        return True

    def __enter__(self) -> Self:
        self.lock()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        programs = find_programs()
        self._clear_predecessor()
        if self.throwaway and not self.process:  # not when it is revived
            shutil.rmtree(self.data, ignore_errors=True)
        if not self.data.exists():
            self._initialise(programs)
        self._check_version(programs)
        self._prepare_socket()
        for _ in range(5):
            if self._launch(programs):
                return
            if "pre-existing shared memory block" not in self._last_words():
                break
            time.sleep(1)
        words = self._last_words()
        remedy = "make room" if NO_ROOM in words else "move it away to begin anew"
        raise SetupFailed(f"The database in {self.data} does not start ({words}); {remedy}.")

    def _initialise(self, programs: Path) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        unfinished = self.home / "pg.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = database_user()
            os.chown(unfinished, user.pw_uid, user.pw_gid)
        options = [*INITDB, "--no-sync"] if self.throwaway else list(INITDB)
        with open_directory(unfinished) as (path, inherit):
            made = subprocess.run(
                [*as_owner(unfinished), programs / "initdb", "-D", path, *options],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                cwd="/", env=ENVIRONMENT, pass_fds=inherit, start_new_session=True,
            )  # fmt: skip
        if made.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise SetupFailed(f"No database could be made in {self.home}: {complaint(made.stdout)}")
        unfinished.rename(self.data)

    def _check_version(self, programs: Path) -> None:
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise SetupFailed(f"{self.data} holds no database; move it away to begin anew.") from None
        ours = programs.parent.name
        if version != ours:
            raise SetupFailed(
                f"The database in {self.data} is of PostgreSQL {version} and this machine has {ours}: "
                f"install PostgreSQL {version} with PostGIS, or move the folder away to begin anew."
            )

    def _clear_predecessor(self) -> None:
        """Stop a database that outlived its supervisor, and remove the file that makes it seem to run.

        PostgreSQL would believe any living process with that pid, even a zombie; we hold the lock and know.
        """
        pidfile = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pidfile.read_text().splitlines()[0])
            if self._is_ours(pid):
                os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + 30
            while self._is_ours(pid) and time.monotonic() < deadline:
                time.sleep(0.1)
        pidfile.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cwd").samefile(self.data)
        return False

    def _prepare_socket(self) -> None:
        with contextlib.suppress(FileExistsError):
            self.socket.mkdir(mode=0o700)
        found = self.socket.lstat()
        owner = self.data.stat().st_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner}:
            raise SetupFailed(f"{self.socket} is somebody else's; remove it.")
        self.socket.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(self.socket, owner, -1)
        for leftover in self.socket.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    def _launch(self, programs: Path) -> bool:
        """Start the database and wait until it takes connections. False if it ended instead.

        It begins in / as its user may be unable to enter where we are, and in a session of its own so that
        Ctrl-C does not reach it before the servers have done with it.
        """
        log = self.home / "postgres.log"
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.before"))
        with log.open("wb") as output, open_directory(self.data) as (path, inherit):
            self.process = subprocess.Popen(
                [
                    *as_owner(self.data), programs / "postgres", "-D", path,
                    "-c", "listen_addresses=",
                    "-c", f"unix_socket_directories={self.socket}",
                    "-c", "unix_socket_permissions=0700",
                    *(THROWAWAY if self.throwaway else ()),
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=ENVIRONMENT,
                pass_fds=inherit, start_new_session=True,
            )  # fmt: skip
        while self.is_alive():
            if self.is_ready():
                return True
            time.sleep(0.05)
        return False

    def is_ready(self) -> bool:
        """Whether the database takes connections: PostgreSQL says so in the eighth line of its pid file."""
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[7].strip() == "ready" and self._is_ours(int(lines[0]))
        return False

    def is_alive(self) -> bool:
        """Whether the database that this process started still runs."""
        return self.process is not None and self.process.poll() is None

    def revive(self) -> str | None:
        """Start the database again when it has ended by itself, and give its last words.

        Raises SetupFailed when it does not start, or ends again and again.
        """
        if self.is_alive():
            return None
        words = self._last_words()
        if self.deaths.too_often():
            raise SetupFailed(f"The database ended {OFTEN} times within a minute ({words}).")
        self._start()
        return words

    def _last_words(self) -> str:
        words = complaint((self.home / "postgres.log").read_text(errors="replace"))
        return re.sub(r"/proc/self/fd/\d+", str(self.data), words)

    def stop(self) -> None:
        """Finish what runs, then end. Safe to call twice."""
        if self.process:
            for how, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                self.process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
                    break
            self.process = None
            shutil.rmtree(self.socket, ignore_errors=True)
            if self.throwaway:
                shutil.rmtree(self.data, ignore_errors=True)
        if self._lock:
            self._lock.close()
            self._lock = None
