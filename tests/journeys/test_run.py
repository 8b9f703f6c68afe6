"""make run as a newcomer meets it, from an empty folder to a second start after the worst."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from fallow.cluster import Cluster

PROJECT = Path(__file__).parents[2]


class Running:
    """`fallow run` on a folder, until it is stopped."""

    def __init__(self, home: Path) -> None:
        self.started = time.monotonic()
        with (home.parent / "stderr").open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fallow", "run"],
                cwd=PROJECT,
                env={**os.environ, "FALLOW_HOME": str(home), "PORT": "0"},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        said = ""
        while "Ctrl-C stops it." not in said:
            line = self.process.stdout.readline()
            assert line, (home.parent / "stderr").read_text()
            said += line
        self.took = time.monotonic() - self.started
        self.curl = shlex.split(re.search(r"^  (curl .*)$", said, re.MULTILINE)[1])
        self.address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        self.client = httpx.Client(
            base_url=self.address,
            headers=[self.curl[2].split(": ", 1)],
            timeout=30,
        )

    def stop(self, how: signal.Signals) -> int:
        self.client.close()
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


@pytest.fixture
def start():
    """Start Fallow on a folder; whatever still runs at the end is stopped."""
    begun: list[Running] = []
    yield lambda home: begun.append(Running(home)) or begun[-1]
    for each in begun:
        each.stop(signal.SIGTERM)


def test_from_an_empty_folder_to_a_booking_that_survives_everything(tmp_path, start):
    tmp_path.chmod(0o700)
    home = tmp_path / "fire station" / ".fallow"
    home.parent.mkdir()
    first = start(home)
    command, _, header, address = first.curl
    assert (command, header.split()[:2]) == ("curl", ["Authorization:", "Bearer"])
    found = first.client.get(address).json()["items"]
    assert all(item["occurrences"][0]["free"] for item in found)
    booked = first.client.post("/v1/bookings", json=found[0]["book"])
    assert booked.status_code == 201, booked.text
    os.kill(int((home / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    while (seen := first.client.get(booked.headers["Location"])).status_code == 503:
        time.sleep(0.1)
    assert seen.json() == booked.json()
    assert first.stop(signal.SIGTERM) == 0
    assert not Cluster(home).socket.exists()

    second = start(home)
    assert second.took < 20
    assert second.curl[2] == first.curl[2]
    assert second.client.get(booked.headers["Location"]).json() == booked.json()
    cancelled = second.client.post(f"{booked.headers['Location']}/cancel", json={"all": True})
    assert cancelled.status_code == 200, cancelled.text
    second.stop(signal.SIGKILL)

    third = start(home)
    assert third.client.get(booked.headers["Location"]).json() == cancelled.json()
    assert third.stop(signal.SIGINT) == 0
    # Not the last line for certain: a server of the run that was killed may still be saying that its database is gone.
    assert "fallow: Stopped.\n" in (home.parent / "stderr").read_text()
    assert {file.name for file in home.glob("demo-*") if file.stat().st_mode & 0o077} == set()
