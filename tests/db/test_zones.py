"""The zones that this database and Python both know."""

import db.zones


async def test_the_zones_of_the_world_are_valid_and_the_odd_ones_are_not(conn):
    found = await db.zones.valid(conn)
    assert {"Europe/London", "Pacific/Fiji", "Australia/Lord_Howe", "UTC"} <= found
    assert not found & {"localtime", "Factory", "posixrules", "right/UTC", "posix/UTC", "Mars/Phobos"}
