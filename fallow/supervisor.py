"""Server processes that share one listening socket, workers beside them, and what keeps them running.

There is no master process to lose: the socket is bound here, before any other work, and handed down.
"""

import contextlib
import http.client
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from db.errors import SetupFailed
from fallow.deaths import OFTEN, Deaths

PATIENCE = 20  # seconds that running requests get to finish
READY_WITHIN = 60
LAST_PORT = 65535
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def one_interrupt_stops() -> None:
    """Turn the first of Ctrl-C, SIGTERM and SIGHUP into KeyboardInterrupt; nothing disturbs what follows.

    SIGHUP stays ignored where it was (nohup); SIGINT does not: shells ignore it for what runs behind them.
    """

    def interrupt(number: int, _frame: object) -> None:
        for each in INTERRUPTS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for each in INTERRUPTS:
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, interrupt)


def listen(host: str, port: int) -> socket.socket:
    """Take the address, or raise SetupFailed saying why not."""
    with contextlib.ExitStack() as undo:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError as error:
            other = port + 1 if port < LAST_PORT else 8000
            raise SetupFailed(
                f"Cannot listen on {host}:{port} ({error.strerror}); "
                f"choose another port, for example: PORT={other} make run"
            ) from None
        undo.pop_all()
    return listener


class Servers:
    """So many uvicorn processes on one socket, and so many workers; a dead one is replaced."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        count: int,
        environment: Mapping[str, str],
        app: str = "api.app:create_app",
        workers: int = 0,
    ) -> None:
        self.listener = listener
        self.app = app
        self.environment = dict(environment)
        self.kinds = ["server"] * count + ["worker"] * workers
        self.deaths = {kind: Deaths() for kind in self.kinds}
        self.running = [self._start(kind) for kind in self.kinds]

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        descriptor = self.listener.fileno()
        serves = kind == "server"
        return subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "TERM", sys.executable, "-m"),
                *(("fallow.server", str(descriptor), self.app) if serves else ("fallow", "worker")),
            ],
            pass_fds=(descriptor,) if serves else (),
            env=self.environment,
            start_new_session=True,
        )

    def tend(self) -> None:
        """Replace what died. Raises SetupFailed when that happens again and again."""
        for place, (kind, process) in enumerate(zip(self.kinds, self.running, strict=True)):
            if process.poll() is None:
                continue
            if self.deaths[kind].too_often():
                raise SetupFailed(
                    f"The {kind} ended {OFTEN} times within a minute (code {process.returncode}); "
                    "what it wrote above says why."
                )
            self.running[place] = self._start(kind)

    def stop(self) -> None:
        """Take no more requests and jobs, finish those that run, end."""
        self.listener.close()
        for process in self.running:
            process.terminate()
        deadline = time.monotonic() + PATIENCE + 5
        for process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
            if process.poll() is None:
                process.kill()
                process.wait()


def supervise(servers: Servers, *, check: Callable[[], None], announce: Callable[[], None]) -> None:
    """Keep the servers running until an interrupt (KeyboardInterrupt), announcing once that they answer.

    `check` is called again and again and raises what is to end it all. Raises SetupFailed when the servers cannot
    be kept running.
    """
    knock = Knock(*servers.listener.getsockname()[:2])
    deadline = time.monotonic() + READY_WITHIN
    announced = False
    try:
        while True:
            check()
            servers.tend()
            if not announced and knock.is_answered():
                announce()
                announced = True
            if not announced and time.monotonic() > deadline:
                raise SetupFailed(f"The server does not answer after {READY_WITHIN} seconds.")
            time.sleep(0.2 if announced else 0.05)
    finally:
        servers.stop()


class Knock:
    """A request for /healthz that waits in the socket's queue until a server is there to answer it."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = http.client.HTTPConnection(reachable(host), port)
        self.waiting = False

    def is_answered(self) -> bool:
        """Whether a server has answered by now; looks and does not wait."""
        try:
            if not self.waiting:
                self.connection.request("GET", "/healthz")
                self.waiting = True
            if not select.select([self.connection.sock], [], [], 0)[0]:
                return False
            answered = self.connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            answered = False
        self.connection.close()
        self.waiting = False
        return answered


def reachable(host: str) -> str:
    """Where a server that listens there is reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
