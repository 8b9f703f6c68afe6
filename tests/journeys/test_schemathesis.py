"""Requests made from the contract, to a server with the demo: answers are documented, and every refusal is explained.

What is no fault stands in tests/clients/schemathesis.toml and refusals.py. A failure names the file that tells all that
was found and how to send it again.
"""

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from calls import Organisation, World, ok

from api import examples
from fallow import demo

PROJECT = Path(__file__).parents[2]
TOLD = PROJECT / ".fallow" / "fuzz"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
GIVEN = {"FALLOW_ASSET": examples.GAZEBOS, "FALLOW_TOKEN": examples.WEBSITE}  # for schemathesis.toml, refusals.py


@pytest.fixture
def factory() -> list[str]:
    """A server whose clock is that of the examples."""
    return ["--factory", "monday:create_app", "--app-dir", str(Path(__file__).parent)]


@pytest.fixture
async def callers(database: str, address: str) -> AsyncIterator[dict[str, Organisation | None]]:
    """The demo's group, whose things the examples are about, by its admin; somebody else; nobody."""
    loaded = await demo.load(database, today=date(2027, 1, 4))
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        group = Organisation(client, {}, loaded.token)
        yield {"group": group, "stranger": await World(client, database).organisation(), "nobody": None}
        ok(await group.get("/me"), 200)  # the token was not taken away: what was sent came in as the group's


async def run(address: str, name: str, caller: Organisation | None, *options: str) -> Path | None:
    """Where stands what Schemathesis found, if it did."""
    command = [SCHEMATHESIS, "run", PROJECT / "openapi" / "openapi.json", "--url", address, *options]
    if caller is not None:
        command += ["--header", f"Authorization: Bearer {caller.token}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=PROJECT / "tests" / "clients",
        env={**os.environ, **GIVEN},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    sys.stdout.write(output.decode())
    told = TOLD / f"{name}.txt"
    told.write_bytes(output)
    return told if process.returncode else None


async def findings(address: str, callers: dict[str, Organisation | None], **options: list[str]) -> list[Path]:
    """Where stands what callers met that is not as it should be. `options`: those of each."""
    TOLD.mkdir(parents=True, exist_ok=True)
    told = await asyncio.gather(*(run(address, name, callers[name], *each) for name, each in options.items()))
    return [each for each in told if each]


async def test_every_answer_is_documented_and_every_refusal_explained(address, callers):
    known = ["--seed", "1", "--phases", "examples"]
    group = ["--seed", "1", "--phases", "examples,fuzzing", "--max-examples", "5"]
    assert await findings(address, callers, group=group, stranger=known, nobody=known) == []


@pytest.mark.slow
async def test_the_same_for_longer(address, callers):
    seconds = os.environ.get("FUZZ_SECONDS") or "300"
    seed = os.environ.get("FUZZ_SEED") or str(random.randrange(1_000_000))
    sys.stdout.write(f"To send the same again: make fuzz SEED={seed} SECONDS={seconds}\n")
    options = ["--seed", seed, "--max-time", seconds]
    assert await findings(address, callers, group=options, stranger=options, nobody=options) == []
