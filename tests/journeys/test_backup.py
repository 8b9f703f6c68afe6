"""A backup, and all of it back: the same rows, a feed that begins anew, nothing changed by half a file."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from anyio import to_thread
from calls import Organisation, World, ok, pointers
from typer.testing import CliRunner, Result

from api.app import create_app
from fallow import cli
from fallow.backup import program
from fallow.failures import explain

pytestmark = pytest.mark.anyio
EVENING = ("2027-06-01T18:00:00Z", "2027-06-01T20:00:00Z")
ANEW = {"events": "xid", "service": "epoch"}


@asynccontextmanager
async def served(database: str) -> AsyncIterator[World]:
    """The application on a database, until it is left."""
    app = create_app()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.lifespan())
        transport = httpx.ASGITransport(app)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://fallow"))
        yield World(client, database)


async def typed(*arguments: str) -> Result:
    return await to_thread.run_sync(lambda: CliRunner().invoke(cli.app, arguments))


@pytest.fixture
def configured(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", database)
    return database


async def test_what_was_stored_comes_back_and_the_feed_begins_anew(configured, tmp_path):
    file = str(tmp_path / "all.dump")
    async with served(configured) as world:
        owner, group = await world.organisation(kind="council"), await world.organisation()
        hall = await world.asset(owner)
        booking = ok(await group.book(hall, EVENING), 201)
        feed = ok(await group.get("/events"), 200)
        assert (await typed("backup", file)).exit_code == 0  # while it runs
        before = await world.stored()
        ok(await group.cancel(booking), 200)
        assert explain((await typed("restore", file)).exception) == "Fallow still uses this database. Stop it first."

    assert (await typed("restore", file)).exit_code == 0

    async with served(configured) as world:
        after = await world.stored()
        assert {name for name in before if before[name] != after[name]} == set(ANEW)
        again = Organisation(world.client, group.body, group.token)
        assert ok(await again.get(f"/bookings/{booking['id']}"), 200) == booking
        assert pointers(await again.get("/events", after=feed["next"])) == ["?after"]
        ok(await again.cancel(booking), 200)
        anew = ok(await again.get("/events"), 200)["items"]
        assert [each["id"] for each in anew[:-1]] == [each["id"] for each in feed["items"]]
        assert anew[-1]["type"] == "booking.cancelled"


async def test_half_a_file_changes_nothing(configured, tmp_path):
    file = tmp_path / "all.dump"
    assert (await typed("backup", str(file))).exit_code == 0
    async with served(configured) as world:
        await world.organisation()
        before = await world.stored()
    whole = file.read_bytes()
    for wrong in (whole[: len(whole) * 2 // 3], b"", b"PGDMP and nothing else"):
        file.write_bytes(wrong)
        sentence = explain((await typed("restore", str(file))).exception)
        assert sentence.startswith("pg_restore failed: "), sentence
        assert await World(None, configured).stored() == before


async def test_a_reader_that_dies_half_way_changes_nothing(configured, tmp_path, monkeypatch):
    file = tmp_path / "all.dump"
    assert (await typed("backup", str(file))).exit_code == 0
    async with served(configured) as world:
        await world.organisation()
        before = await world.stored()
    dying = tmp_path / "pg_restore"
    dying.write_text(f'#!/bin/sh\n"{program("pg_restore")}" "$@" | head -c 60000\n[ "$1" = --file=/dev/null ]\n')
    dying.chmod(0o755)
    usual = program
    monkeypatch.setattr("fallow.backup.program", lambda name: str(dying) if name == "pg_restore" else usual(name))
    sentence = explain((await typed("restore", str(file))).exception)
    assert sentence.startswith("The restore failed, and nothing has changed"), sentence
    assert await World(None, configured).stored() == before


async def test_a_backup_overwrites_nothing_and_leaves_no_half(configured, tmp_path):
    file = tmp_path / "all.dump"
    file.write_text("precious")
    sentence = explain((await typed("backup", str(file))).exception)
    assert sentence == f"{file} exists already; choose another name."
    assert [each.name for each in tmp_path.iterdir()] == ["all.dump"]
    assert file.read_text() == "precious"
