"""The contract as other people's tools read it: rules of OpenAPI, and clients made from it that are then used.

Each client searches, books, reads the last page of a list and cancels, against a running server.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from calls import World, ok

PROJECT = Path(__file__).parents[2]
CLIENTS = PROJECT / "tests" / "clients"
CONTRACT = PROJECT / "openapi" / "openapi.json"
START = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=40)


def node(*command: str | Path, **options: object) -> str:
    return run(Path(sys.executable).with_name("npx"), "--no-install", *command, cwd=CLIENTS, **options)


def run(*command: str | Path, **options: object) -> str:
    """What a tool prints; fails with everything it said."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= options.pop("env", {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
async def asked(address, database):
    """What a client programme is told, and the hall and the organisation that it finds."""
    async with httpx.AsyncClient(base_url=address) as client:
        world = World(client, database)
        owner, group = await world.organisation(kind="council"), await world.organisation()
        hall = await world.asset(owner)
        for day in range(3):
            at = [(START + timedelta(days=7 + day, hours=hour)).isoformat() for hour in (0, 1)]
            ok(await group.book(hall, (at[0], at[1])), 201)
        yield (
            {
                "FALLOW_URL": address,
                "FALLOW_TOKEN": group.token,
                "STARTS_AT": START.isoformat(),
                "ENDS_AT": (START + timedelta(hours=2)).isoformat(),
            },
            hall,
        )


def test_spectral_finds_nothing_to_say():
    said = node("spectral", "lint", CONTRACT, "--ruleset", ".spectral.yaml", "--fail-severity", "hint")
    assert "No results" in said


async def test_a_client_in_typescript_searches_books_and_cancels(asked, tmp_path):
    environment, hall = asked
    for name in ("book.ts", "tsconfig.json", "package.json"):
        (tmp_path / name).write_bytes((CLIENTS / name).read_bytes())
    (tmp_path / "node_modules").symlink_to(CLIENTS / "node_modules")
    node("openapi-typescript", "--default-non-nullable=false", CONTRACT, "--output", tmp_path / "schema.d.ts")
    node("tsc", "--project", tmp_path)
    said = run(Path(sys.executable).with_name("node"), "book.ts", cwd=tmp_path, env=environment)
    assert_used(json.loads(said), hall)


async def test_a_client_in_python_searches_books_and_cancels(asked, tmp_path):
    environment, hall = asked
    package = tmp_path / "fallow_client"
    said = run(
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", CONTRACT),
        *("--output-path", package, "--config", CLIENTS / "python-client.yaml", "--fail-on-warning"),
    )
    assert "warning" not in said.lower()
    (tmp_path / "book.py").write_bytes((CLIENTS / "book.py").read_bytes())
    # mypy 2 finds fault with how the generator's own client module passes on what __exit__ is given
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-fallow_client.client]\nignore_errors = true\n")
    run(sys.executable, "-m", "mypy", "book.py", "fallow_client", cwd=tmp_path)
    said = run(sys.executable, "book.py", cwd=tmp_path, env=environment)
    assert_used(json.loads(said), hall)


def assert_used(said: dict[str, str], hall: dict[str, object]) -> None:
    """The hall was found and booked; the newest booking stands on the last page of the oldest first; it has ended."""
    assert said == {"asset": hall["id"], "booking": said["booking"], "last": said["booking"], "state": "ended"}
