"""A transaction that PostgreSQL ends for the sake of another is run again, with the same body."""

import asyncpg
import pytest
from calls import World, ok

import db.tokens


@pytest.mark.parametrize(("deadlocks", "status"), [(2, 201), (3, 503)])
async def test_a_deadlock_is_run_again_a_few_times(
    world: World, monkeypatch: pytest.MonkeyPatch, deadlocks: int, status: int
):
    group = await world.organisation()
    left, insert = [None] * deadlocks, db.tokens.insert

    async def insert_at_last(*arguments, **named):
        made = await insert(*arguments, **named)
        if left:
            left.pop()
            raise asyncpg.DeadlockDetectedError
        return made

    monkeypatch.setattr(db.tokens, "insert", insert_at_last)
    ok(await group.post("/tokens", {"name": "kiosk", "role": "member"}), status)
    monkeypatch.undo()
    assert len(ok(await group.get("/tokens"), 200)["items"]) == 1 + (status == 201)
