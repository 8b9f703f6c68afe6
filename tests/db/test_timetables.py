"""Timetables, as they are stored: the hours as sent, and the rules made from them."""

from datetime import date

from stored import NOW, a_booking, a_site, a_timetable, an_asset, an_organisation, at

import db.timetables
import domain.hours
from db.timetables import Effective
from domain.hours import Hours, HoursException, Opening, Season, WeeklyHours
from domain.recalls import BookingHit
from domain.timetables import Timetable

TUESDAYS = {"starts_on": "2027-01-01", "hours": [{"day": "tue", "opens": "18:00", "closes": "22:00"}]}


async def test_a_shared_timetable_is_answered_as_it_was_sent(conn):
    owner = await an_organisation(conn)
    made = await a_timetable(conn, owner, seasons=[TUESDAYS], exceptions=[{"on": "2027-07-13"}])
    stored = Timetable(
        id=made,
        owner_id=owner,
        name="Usual",
        seasons=[Season(starts_on=date(2027, 1, 1), hours=[WeeklyHours(day="tue", opens="18:00", closes="22:00")])],
        exceptions=[HoursException(on=date(2027, 7, 13))],
        created_at=NOW,
        updated_at=NOW,
    )
    assert await db.timetables.load(conn, made) == stored
    assert await db.timetables.page(conn, None, owner_id=owner, after=None, limit=3) == [stored]
    assert await db.timetables.page(conn, None, owner_id=owner, after=made, limit=3) == []


async def test_an_assets_own_hours_are_no_timetable_to_others(conn):
    owner = await an_organisation(conn)
    made = await a_timetable(conn, owner, name=None, always=True)
    site = await a_site(conn, owner)
    asset = await an_asset(conn, owner, site, timetable_id=made)
    assert await db.timetables.load(conn, made) is None
    assert await db.timetables.page(conn, None, owner_id=owner, after=None, limit=3) == []
    assert await db.timetables.is_shared(conn, made, owner) is False
    assert await db.timetables.of_asset(conn, asset, None) == Effective(made, None, Hours(always=True))


async def test_an_asset_without_hours_has_none_and_a_draft_is_hidden(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    asset = await an_asset(conn, owner, site, state="draft")
    assert await db.timetables.of_asset(conn, asset, owner) == Effective(None, None, None)
    assert await db.timetables.of_asset(conn, asset, None) is None


async def test_replacing_hours_replaces_every_rule(conn):
    owner = await an_organisation(conn)
    made = await a_timetable(conn, owner, seasons=[TUESDAYS], exceptions=[{"on": "2027-07-13"}])
    hours = Hours(exceptions=[HoursException(on=date(2027, 7, 14), hours=[Opening("09:00", "10:00")])])
    compiled = domain.hours.compile(hours)
    version = await db.timetables.replace(conn, made, owner, name="Other", hours=hours, compiled=compiled, now=NOW)
    assert version == 2
    assert await conn.fetch("SELECT * FROM seasons WHERE timetable_id = $1", made) == []
    rows = await conn.fetch("SELECT on_date, hours::text FROM exceptions WHERE timetable_id = $1", made)
    assert [tuple(row) for row in rows] == [(date(2027, 7, 14), "{[540,600)}")]


async def test_the_first_and_the_last_dates_of_the_calendar_are_dates(conn):
    owner = await an_organisation(conn)
    ends = {"starts_on": "0001-01-01", "ends_on": "9999-12-31"}
    made = await a_timetable(conn, owner, seasons=[{**TUESDAYS, **ends}])
    asset = await an_asset(conn, owner, await a_site(conn, owner), timetable_id=made)
    found = await conn.fetchval(
        "SELECT h.open FROM assets a, rules.open_throughout(a, $2, $3) h WHERE a.id = $1",
        asset,
        at(13, 17),
        at(13, 21),
    )
    assert found is True


async def test_what_lies_outside_the_hours_is_hit_and_what_is_over_is_not(conn):
    owner = await an_organisation(conn)
    made = await a_timetable(conn, owner, seasons=[TUESDAYS])
    asset = await an_asset(conn, owner, await a_site(conn, owner), timetable_id=made)
    await a_booking(conn, owner, asset, at(13, 17), at(13, 21))
    late = await a_booking(conn, owner, asset, at(20, 20), at(20, 22))
    await a_booking(conn, owner, asset, at(21, 9), at(21, 10), state="held", held_until=at(1, 9))
    [hit] = await db.timetables.hit(conn, made, owner, at(10, 9))
    assert hit == BookingHit(hit.booking_id, late, at(20, 20), at(20, 22), "confirmed", [])
    assert await db.timetables.hit(conn, made, owner, at(22, 9)) == []


async def test_hours_that_no_asset_has_any_more_are_forgotten(conn):
    owner = await an_organisation(conn)
    own, other = await a_timetable(conn, owner, name=None), await a_timetable(conn, owner)
    asset = await an_asset(conn, owner, await a_site(conn, owner), timetable_id=own)
    await db.timetables.abandon(conn, own, owner)
    assert await db.timetables.give(conn, asset, owner, other, NOW) == 2
    await db.timetables.abandon(conn, own, owner)
    await db.timetables.abandon(conn, other, owner)
    rows = await conn.fetch("SELECT id FROM timetables WHERE owner_id = $1", owner)
    assert [row["id"] for row in rows] == [other]
