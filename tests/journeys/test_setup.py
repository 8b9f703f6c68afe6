"""Set-up: lock files that fit any index, a second set-up that does nothing, one way to test."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")


def locked(lock: str) -> dict[str, str]:
    """The version of each package."""
    found = re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (PROJECT / lock).read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_hashes_and_no_address(lock):
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_files_satisfy_the_project():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    for lock, wanted in (
        ("requirements.lock", project["project"]["dependencies"]),
        ("requirements-dev.lock", project["project"]["dependencies"] + project["dependency-groups"]["dev"]),
    ):
        versions = locked(lock)
        unmet = [each for each in map(Requirement, wanted) if versions.get(each.name) not in each.specifier]
        assert unmet == [], f"type: make lock ({lock})"


def test_both_lock_files_hold_the_same_versions():
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_what_make_run_installs_is_enough_to_run(tmp_path):
    """The tests' own environment has more, and would hide what is missing."""
    python = tmp_path / "bin/python"
    uv = [sys.executable, "-m", "uv", "--offline", "--quiet"]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([*uv, "venv", tmp_path], check=True, env=environment)
    install = [*uv, "pip", "install", "--python", python]
    lock = subprocess.run([*install, "--require-hashes", "-r", PROJECT / "requirements.lock"], check=False)
    if lock.returncode:
        pytest.skip("uv's cache does not have all packages, and no network may be asked")
    subprocess.run([*install, "--no-deps", "-e", PROJECT], check=True)
    subprocess.run([python, "-c", "import api.app, db.migrate, fallow.cli"], check=True)


def test_a_second_set_up_does_nothing_and_needs_no_network():
    if not (PROJECT / ".venv/fallow-ready").exists():
        pytest.skip("this environment was not made by scripts/setup")
    for _ in range(2):  # the first may have something to do where pyproject.toml was just changed
        again = subprocess.run(
            [PROJECT / "scripts/setup", "--dev"],
            env={**os.environ, "UV_OFFLINE": "1", "PIP_NO_INDEX": "1"},
            capture_output=True,
            check=False,
            text=True,
        )
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_ci_runs_make_test_and_nothing_else():
    lines = (PROJECT / ".ci/run").read_text().splitlines()
    assert lines == ["#!/usr/bin/env bash", 'cd "$(dirname "$0")/.." && exec make test']
