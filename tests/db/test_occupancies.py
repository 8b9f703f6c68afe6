"""Who sits where around a wish."""

from stored import NOW, a_booking, a_site, an_asset, an_organisation, at
from uuid_utils.compat import uuid7

import db.occupancies
from domain.units import Wish


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
