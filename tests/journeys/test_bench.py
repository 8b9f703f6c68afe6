"""The rig that measures, for a moment and in a small country: that it still runs and checks what it is answered."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
FIGURE = r"[\d,]+(\.\d+)?"


def measure(home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "bench", *arguments, "--rounds", "1", "--seconds", "1", "--warm", "1"]
    environment = {**os.environ, "FALLOW_HOME": str(home)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_each_job_is_measured_on_both_sides_and_the_country_is_kept(tmp_path: Path):
    told = measure(tmp_path, "all", "2000")
    rows = [
        line.split(" | ")
        for line in told.splitlines()
        if re.match(r"\| (search|an asset|availability|starts|booking)", line)
    ]
    assert len(rows) == 8
    assert all(re.fullmatch(FIGURE, each) for row in rows for each in (*row[1:7], *row[8:10]))
    assert "one winner each time; 200 × 201, 1,400 × 409" in told
    grown = measure(tmp_path, "growth", "2000")
    assert [line.split(" | ")[1] for line in grown.splitlines() if line.startswith("| an evening")] == [
        "2,000",
        "2,000",
    ]
