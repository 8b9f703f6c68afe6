"""The tour of the README as a newcomer types it, against what `make run` starts; what the documents say of the code."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
BLOCK = "~~~ next block ~~~"
TRACE = 'write-out = "%{stderr}%{method} %{http_code}\\n"\n'  # a .curlrc: what was sent and how it was answered
PATIENCE = 180  # seconds until it answers, on a machine that does other things beside


def tour() -> list[str]:
    """The commands of each block of the tour, in order."""
    [section] = re.findall(r"^## A tour\n(.*?)^## ", README.read_text(), re.DOTALL | re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def port_of(process: subprocess.Popen[bytes], said: Path) -> str:
    """The port that was announced; fails with what was said instead."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if announced := re.search(r"answers at http://127\.0\.0\.1:(\d+)/v1", said.read_text()):
            return announced[1]
        time.sleep(0.1)
    return pytest.fail(said.read_text())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Fallow with its demo in a home of its own: the environment in which the tour is typed."""
    (tmp_path / ".curlrc").write_text(TRACE)
    said = tmp_path / "said"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"FALLOW_HOME": str(tmp_path / "home"), "PORT": "0", "CURL_HOME": str(tmp_path)}
    with (
        said.open("wb") as log,
        subprocess.Popen([sys.executable, "-m", "fallow", "run"], env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield environment | {"PORT": port_of(process, said)}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def test_the_tour_finds_a_place_books_it_and_gives_it_back(running):
    script = f"\necho '{BLOCK}'\n".join(tour())
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=running["CURL_HOME"],
        env=running,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    asked = [
        *("GET 200", "GET 200", "POST 201", "POST 409"),  # who am I; search; book; be refused
        *("GET 200", "POST 200"),  # look at it; cancel
        *("GET 200", "POST 201", "POST 200", "POST 200"),  # search; book a series; cancel this and later; all
    ]
    assert done.stderr.splitlines() == asked

    me, found, booked, refused, single, series = map(answers, done.stdout.split(BLOCK))
    assert me[0]["organisation"]["name"] == "Blue Kettle Supper Club"

    [near] = found
    distances = [each["distance_m"] for each in near["items"]]
    assert (len(distances), distances) == (3, sorted(distances))
    assert all(each["occurrences"][0]["free"] for each in near["items"])

    [booking] = booked
    assert booking["state"] == "confirmed"
    assert booking["asset"] == near["items"][0]["asset"]
    assert len(booking["occurrences"]) == 1

    [problem] = refused
    assert problem["type"].endswith("/problems/not-bookable")
    [[reason]] = [each["why_not"] for each in problem["occurrences"]]
    assert reason["code"] == "taken"

    read, cancelled = single
    assert read == booking
    assert outcome(cancelled) == (booking["id"], "ended", ["cancelled"])

    made, shortened, ended = series
    assert made["state"] == "confirmed"
    states = [each["state"] for each in made["occurrences"]]
    assert len(states) == 6
    assert states.count("confirmed") >= 4
    after = ["cancelled" if each == "confirmed" else each for each in states]
    assert outcome(shortened) == (made["id"], "confirmed", states[:2] + after[2:])
    assert outcome(ended) == (made["id"], "ended", after)


def answers(shown: str) -> list[dict]:
    """The JSON documents of one block's output."""
    documents, decoder = [], json.JSONDecoder()
    while shown := shown.strip():
        document, end = decoder.raw_decode(shown)
        documents.append(document)
        shown = shown[end:]
    return documents


def outcome(booking: dict) -> tuple[str, str, list[str]]:
    return booking["id"], booking["state"], [each["state"] for each in booking["occurrences"]]


def test_every_link_between_documents_leads_somewhere():
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
    links = [(page, link) for page in documents for link in re.findall(r"\]\(([^):#]+)\)", page.read_text())]
    assert len(links) > 10
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_every_direct_dependency_has_its_line():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    of_node = json.loads((PROJECT / "tests/clients/package.json").read_text())["devDependencies"]
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *of_node]
    lines = re.findall(r"^\| `([^`]+)` \|", (PROJECT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert lines == [each.partition(">=")[0] for each in wanted]


def test_every_setting_is_told():
    sources = [*PROJECT.glob("api/*.py"), *PROJECT.glob("fallow/*.py")]
    read = {
        name
        for source in sources
        for name in re.findall(r"\"(FALLOW_[A-Z_]+|PORT|DATABASE_[A-Z_]*URL)\"", source.read_text())
    }
    told = re.findall(r"^\| `([A-Z_]+)` \|", README.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(read)
