"""Every statement of db/ is one that PostgreSQL understands on a migrated database, whether or not a test runs it."""

import importlib
import pkgutil
from collections.abc import Iterator

import asyncpg
import pytest

import db

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def statements() -> Iterator[tuple[str, str]]:
    """The constants of each module that begin as a statement does; pieces of statements do not."""
    for module in pkgutil.iter_modules(db.__path__, "db."):
        if module.ispkg or module.name == "db.migrations":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.isupper() and isinstance(value, str) and value.split(maxsplit=1)[:1] and is_statement(value):
                yield f"{module.name}.{name}", value


def is_statement(text: str) -> bool:
    return text.split(maxsplit=1)[0] in VERBS


STATEMENTS = dict(statements())


def test_there_are_statements_in_every_module_that_has_tables():
    assert {"db.occupancies.TAKE", "db.search.SEARCH", "db.parts.JOIN", "db.tokens.FIND"} <= set(STATEMENTS)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_can_be_prepared(name: str, conn: asyncpg.Connection):
    await conn.prepare(STATEMENTS[name])
