"""Who sits where around a wish, and whether anybody does."""

from stored import NOW, a_booking, a_site, an_asset, an_organisation, at
from uuid_utils.compat import uuid7

import db.occupancies
from domain.units import Wish

YEARS = """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied)
  SELECT $1, $2, 1, tstzrange(starts_at, starts_at + interval '1 hour')
    FROM generate_series($3::timestamptz - interval '300 days', $3, interval '3 hours') starts_at
"""
FREE = """
  EXPLAIN (ANALYZE, FORMAT JSON)
  SELECT f.units_free FROM assets a CROSS JOIN LATERAL rules.units_free(a, tstzrange($2, $3), $4) f WHERE a.id = $1
"""


async def test_only_what_hangs_together_with_a_wish_may_have_to_move_for_it(conn):
    """From noon one touches the next until 18:00; what comes after a pause, or lies before one, stays where it is."""
    owner_id = await an_organisation(conn)
    site_id = await a_site(conn, owner_id)
    asset_id = await an_asset(conn, owner_id, site_id, units=2, kind="equipment", category="tables")
    for unit, since, until in ((1, 8, 11), (1, 12, 14), (2, 13, 16), (1, 16, 18), (2, 19, 20)):
        await a_booking(conn, owner_id, asset_id, at(5, since), at(5, until), unit=unit)
    wish = Wish(uuid7(), 1, at(5, 14), at(5, 15))
    seats = await db.occupancies.around(conn, asset_id, owner_id, NOW, [wish])
    assert sorted((each.lower.hour, each.unit) for each in seats) == [(12, 1), (13, 2), (16, 1)]
    assert len(await db.occupancies.later(conn, asset_id, owner_id, NOW)) == 5


def rows_read(plan):
    """How many rows of occupancies the nodes of a plan read, those that they left out too."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return sum(map(rows_read, plan.get("Plans", ())), own if plan.get("Relation Name") == "occupancies" else 0)


async def test_whether_a_unit_is_free_is_found_by_the_last_that_occupied_it_alone(conn):
    owner = await an_organisation(conn)
    asset = await an_asset(conn, owner, await a_site(conn, owner))
    await conn.execute(YEARS, owner, asset, NOW)
    [told] = await conn.fetchval(FREE, asset, at(1, 18), at(1, 20), NOW)
    assert rows_read(told["Plan"]) == 1


TAKEN = """
  SELECT t.taken, f.units_free
    FROM assets a
   CROSS JOIN LATERAL rules.surely_taken(a, tstzrange($2, $3), 1, $4) t
   CROSS JOIN LATERAL rules.units_free(a, tstzrange($2, $3), $4) f
   WHERE a.id = $1
"""


async def test_holds_that_lapsed_are_walked_past_but_not_into_another_asset(conn):
    """The other, first by its id, is taken all day; here it is 8:00 to 10:00, and what was held after that lapsed."""
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    other, asset = sorted([await an_asset(conn, owner, site), await an_asset(conn, owner, site)])
    await a_booking(conn, owner, other, at(5, 0), at(6, 0))
    await a_booking(conn, owner, asset, at(5, 8), at(5, 10))
    for hour in (10, 11, 12):
        await a_booking(conn, owner, asset, at(5, hour), at(5, hour + 1), state="held", held_until=NOW)
    told = [tuple(await conn.fetchrow(TAKEN, asset, at(5, hour), at(5, 13), NOW)) for hour in (7, 9, 10, 12)]
    assert told == [(True, 0), (True, 0), (False, 1), (False, 1)]
    early = await conn.fetchrow(TAKEN, asset, at(5, 6), at(5, 8), NOW)
    assert tuple(early) == (False, 1)
