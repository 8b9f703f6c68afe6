"""The rig that measures, for a moment and in a small country: that it still runs and checks what it is answered."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
FIGURE = r"[\d,]+(\.\d+)?"


def measure(home: Path, *arguments: str) -> tuple[list[list[str]], str]:
    """The cells of the tables, and all that was told."""
    command = [sys.executable, "-m", "bench", *arguments, "--rounds", "1", "--seconds", "1", "--warm", "1"]
    environment = {**os.environ, "FALLOW_HOME": str(home)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    return rows[1:], done.stdout + done.stderr


@pytest.mark.slow
def test_each_job_is_measured_on_both_sides_and_the_country_is_kept(tmp_path: Path):
    rows, told = measure(tmp_path, "all", "2000")
    assert len(rows) == 14
    assert all(re.fullmatch(FIGURE, each) for row in rows for each in (*row[1:7], *row[8:10]))
    assert "one winner each time; 200 × 201, 1,400 × 409" in told
    assert re.search(r"what 1,000 wait for, the first of whom is offered it \d+\.\d ms", told)
    assert re.search(r"where six limits count the 20 bookings there are \d+\.\d ms", told)
    rows, told = measure(tmp_path, "growth", "1000", "2000")
    assert [row[1] for row in rows] == ["1,000", "2,000"] * 7
    assert all(re.fullmatch(FIGURE, each) for row in rows[1::2] for each in row[2:])
    assert "making a country of 1,000" in told
    assert "making a country of 2,000" not in told
