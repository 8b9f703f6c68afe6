"""The command as it is typed: what an operator does with it, and one sentence for whatever goes wrong."""

import asyncio
import os
import shlex
import subprocess
import sys
from uuid import UUID

import asyncpg
import pytest
from anyio import to_thread
from typer.testing import CliRunner, Result

import db.migrate
import db.tokens
from db.connection import connect
from fallow import cli
from fallow.failures import explain

pytestmark = pytest.mark.anyio
WAITING = """
  SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
   WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""


def fallow(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fallow", *arguments],
        env={**os.environ, "TERM": "dumb", "COLUMNS": "120", **environment},
        capture_output=True,
        check=False,
        text=True,
    )


async def ask(url: str, statement: str):
    connection = await connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def typed(database: str, *arguments: str) -> Result:
    """The same, several times faster: in this process, where a failure is the result's exception."""
    environment = {"DATABASE_URL": database}
    return await to_thread.run_sync(lambda: CliRunner().invoke(cli.app, arguments, env=environment))


async def test_an_operator_makes_an_organisation_a_token_and_decides_on_it(database):
    new = ("--slug", "sale-kitchen", "--name", "Sale Kitchen", "--kind", "charity")
    made = await typed(database, "organisations", "create", *new)
    organisation_id = UUID(made.stdout.strip())
    role = ("--organisation", "sale-kitchen", "--role", "manager")
    token = fallow("tokens", "create", *role, DATABASE_URL=database)
    assert (token.returncode, token.stderr) == (0, "")
    assert await ask(database, "SELECT id, slug, name, kind, state FROM organisations") == [
        (organisation_id, "sale-kitchen", "Sale Kitchen", "charity", "unverified")
    ]
    connection = await connect(database)
    found = await db.tokens.find(connection, token.stdout.removesuffix("\n"))
    await connection.close()
    assert (found.caller.organisation_id, found.caller.role, found.revoked) == (organisation_id, "manager", False)

    for action in ("verify", "verify", "suspend", "verify", "unverify", "close"):
        assert (await typed(database, "organisations", action, "sale-kitchen")).exit_code == 0
    told = await ask(
        database,
        "SELECT type, version, before->>'state', after->>'state' FROM events "
        "WHERE object_kind = 'organisation' ORDER BY version",
    )
    assert told == [
        ("organisation.registered", 1, None, "unverified"),
        ("organisation.verified", 2, "unverified", "verified"),
        ("organisation.suspended", 3, "verified", "suspended"),
        ("organisation.verified", 4, "suspended", "verified"),
        ("organisation.unverified", 5, "verified", "unverified"),
        ("organisation.closed", 6, "unverified", "closed"),
    ]
    assert await ask(database, "SELECT type, actor, after->>'role' FROM events WHERE object_kind = 'token'") == [
        ("token.created", None, "manager")
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("organisations verify nobody", "There is no organisation nobody."),
        ("tokens create --organisation nobody --role admin", "There is no organisation nobody."),
        (
            "organisations create --slug gone --name B --kind group",
            "Another organisation has this slug. Choose another.",
        ),
        (
            "organisations create --slug ok --name B --kind group --website soup",
            '#/website: Expected a web address such as https://example.org/, of at most 2000 characters; got "soup".',
        ),
        ("organisations suspend gone", "gone is closed for good."),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(database, arguments, sentence):
    await ask(
        database,
        "INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at) "
        "VALUES (gen_random_uuid(), 'gone', 'Gone', 'group', 'closed', now(), now())",
    )
    refused = await typed(database, *arguments.split())
    assert (refused.stdout, explain(refused.exception)) == ("", sentence)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}, "The database cannot be reached (Connection refused)"),
        ({"DATABASE_URL": "postgresql://x@no.invalid/x"}, "The database cannot be reached"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL is no address of a PostgreSQL database"),
        ({"FALLOW_HOME": "/dev/null/x"}, "Not a directory (/dev/null/x)."),
    ],
)
def test_a_wrong_setting_is_one_sentence(environment, sentence):
    done = fallow("migrate", **environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"fallow: {sentence}")


async def test_a_database_without_tables_or_of_that_name_is_one_sentence(cluster):
    for command in ("serve", "worker"):
        done = fallow(command, DATABASE_URL=cluster.url(), PORT="0")
        assert (done.returncode, done.stderr) == (
            1,
            "fallow: The database is not of this version of Fallow; type: fallow migrate\n",
        )
    done = fallow("migrate", DATABASE_URL=cluster.url("nowhere"))
    sentence = 'The database refuses DATABASE_URL (database "nowhere" does not exist)'
    assert (done.returncode, done.stderr.partition(";")[0]) == (1, f"fallow: {sentence}")


async def test_two_that_migrate_an_empty_database_wait_for_each_other_as_long_as_it_takes(cluster):
    """Whoever is first takes more than the two seconds that everything else waits for a lock."""
    first = await asyncpg.connect(cluster.url())
    await first.execute("CREATE DATABASE awaited")
    url = cluster.url("awaited")
    slow = await asyncpg.connect(url)
    try:
        await slow.execute("SELECT pg_advisory_lock($1)", db.migrate.LOCK)
        typed = [to_thread.run_sync(lambda: fallow("migrate", DATABASE_URL=url)) for _ in range(2)]
        migrations = list(map(asyncio.create_task, typed))
        while await slow.fetchval(WAITING) < len(migrations):
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.5)
        await slow.execute("SELECT pg_advisory_unlock($1)", db.migrate.LOCK)
        done = [await each for each in migrations]
        assert [(each.returncode, each.stderr) for each in done] == [(0, "fallow: The database is up to date.\n")] * 2
        assert await slow.fetchval("SELECT count(*) > 0 FROM public_holidays")
    finally:
        await slow.close()
        await first.execute("DROP DATABASE awaited WITH (FORCE)")
        await first.close()


async def test_postgis_that_may_not_be_made_is_one_sentence(cluster):
    connection = await asyncpg.connect(cluster.url())
    await connection.execute("CREATE ROLE somebody LOGIN")
    await connection.execute("CREATE DATABASE theirs OWNER somebody")
    try:
        url = cluster.url("theirs").replace("fallow@", "somebody@")
        done = fallow("migrate", DATABASE_URL=url)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "CREATE EXTENSION postgis" in done.stderr
    finally:
        await connection.execute("DROP DATABASE theirs WITH (FORCE)")
        await connection.execute("DROP ROLE somebody")
        await connection.close()


def may_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="a small disk can be mounted by root alone, and not in every container")
@pytest.mark.parametrize("megabytes", [0, 20, 60, 80])
def test_a_full_disk_is_one_sentence(tmp_path, megabytes):
    """At the lock file, at making the cluster, at the schema, at the demo."""
    steps = [
        f"mount -t tmpfs -o size={megabytes * 1024 + 4}k small {tmp_path}",
        *([] if megabytes else [f"head -c 4096 /dev/zero >{tmp_path}/full"]),
        f"exec {shlex.quote(sys.executable)} -m fallow demo",
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "; ".join(steps)],
        env={**os.environ, "FALLOW_HOME": str(tmp_path / "home")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert "The disk is full" in done.stderr or "No space left on device" in done.stderr


def test_a_wrong_setting_is_told_before_anything_is_started(tmp_path):
    done = fallow("run", FALLOW_REGISTRATION="ajar", FALLOW_HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stderr) == (1, "fallow: Set FALLOW_REGISTRATION to open or closed.\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "command",
    [
        *("", "run", "serve", "worker", "migrate", "demo", "organisations", "organisations create"),
        *("organisations verify", "organisations suspend", "organisations close", "tokens", "tokens create"),
    ],
)
def test_every_command_explains_itself(command):
    shown = CliRunner().invoke(cli.app, [*command.split(), "--help"], prog_name="fallow")
    assert shown.exit_code == 0
    assert f"Usage: fallow {command}".strip() in shown.output
