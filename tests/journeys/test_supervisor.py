"""Servers on one socket: running requests finish, the dead are replaced, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from db.errors import SetupFailed
from fallow.supervisor import Servers, listen

APP = """
import asyncio, os

def create_app():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for done in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{done}.complete"})
            return
        if scope["path"] == "/die":
            os._exit(3)
        if scope["path"] == "/slow":
            await asyncio.sleep(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
    return app
"""
SUPERVISE = """
import os
from fallow.supervisor import *
one_interrupt_stops()
servers = Servers(listen("127.0.0.1", 0), count=2, environment=os.environ, app="tiny:create_app")
port = servers.listener.getsockname()[1]
pids = [server.pid for server in servers.running]
try:
    supervise(servers, check=lambda: None, announce=lambda: print(port, *pids, flush=True))
except KeyboardInterrupt:
    pass
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tiny.py").write_text(APP)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}


class Supervisor:
    """A supervisor in a process of its own, which is how it is told to stop."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = ["env", "--default-signal=HUP", sys.executable, "-c", SUPERVISE]  # also where nohup ran the tests
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        port, *self.servers = map(int, self.process.stdout.readline().split())
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str = "/") -> str:
        return httpx.get(self.address + path, timeout=10).text


@pytest.fixture
def supervisor(environment):
    running = Supervisor(environment)
    yield running
    running.process.kill()
    running.process.wait()
    running.process.stdout.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(truth, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ask_for_a_while(supervisor):
    for _ in range(100):
        time.sleep(0.05)
        supervisor.get()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_finishes_running_requests_refuses_new_ones_and_leaves_nothing(supervisor, how):
    with ThreadPoolExecutor() as pool:
        running = pool.submit(supervisor.get, "/slow")
        time.sleep(0.3)
        supervisor.process.send_signal(how)
        with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
            ask_for_a_while(supervisor)
        supervisor.process.send_signal(how)  # impatience changes nothing
        assert int(running.result()) in supervisor.servers
    assert supervisor.process.wait(10) == 0
    assert not any(map(alive, supervisor.servers))


def test_a_killed_supervisor_takes_its_servers_with_it(supervisor):
    supervisor.process.kill()
    wait_until(lambda: not any(map(alive, supervisor.servers)))


def test_a_dead_server_is_replaced(supervisor):
    os.kill(supervisor.servers[0], signal.SIGKILL)
    wait_until(lambda: int(supervisor.get()) not in supervisor.servers)


def test_servers_that_die_again_and_again_are_given_up(environment):
    with listen("127.0.0.1", 0) as listener:
        servers = Servers(listener, count=1, environment=environment, app="tiny:missing")
        with pytest.raises(SetupFailed, match=r"The server ended 5 times within a minute \(code 3\)"):
            wait_until(servers.tend, 60)


def test_a_port_in_use_is_one_sentence():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupFailed) as failure:
            listen("127.0.0.1", port)
    assert str(failure.value) == (
        f"Cannot listen on 127.0.0.1:{port} (Address already in use); "
        f"choose another port, for example: PORT={port + 1} make run"
    )
