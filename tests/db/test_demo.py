"""The demo as it stands in a database: whole, true to the rules, the same each time."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import asyncpg
import pytest

import db.assets
import db.bookings
import db.events
import db.organisations
import db.sites
import db.timetables
import db.tokens
from db.connection import connect
from db.errors import SetupFailed
from domain.bookings import BookingFilter
from domain.time import instant
from fallow import demo
from fallow.demo.requests import LONDON
from fallow.demo.world import INVENTED, WHOLLY_INVENTED

WEDNESDAY = date(2026, 11, 25)
CHRISTMAS = date(2029, 12, 20)  # Christmas Day is a Tuesday that year
SALE = "ST_MakePoint(-2.32451, 53.42519)::geography"


async def numbers(conn: asyncpg.Connection, *queries: str) -> list[int]:
    return [await conn.fetchval(query) for query in queries]


@pytest.fixture(scope="module")
def once(template):
    """The answer of one load, which the tests of this module share, and where it went."""
    asyncio.run(run(template.url(), "CREATE DATABASE fallow_demo TEMPLATE fallow_template"))
    url = template.url("fallow_demo")
    yield asyncio.run(demo.load(url, today=WEDNESDAY)), url
    asyncio.run(run(template.url(), "DROP DATABASE fallow_demo WITH (FORCE)"))


@pytest.fixture
async def loaded(once):
    """The answer of a load, and a connection to where it went."""
    answer, url = once
    conn = await connect(url)
    yield answer, conn
    await conn.close()


async def run(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute(statement)
    await conn.close()


KITCHENS = f"""
  SELECT count(*) FROM assets a
   WHERE a.category = 'kitchen' AND ST_DWithin(a.location, {SALE}, 10000)
     AND NOT EXISTS (SELECT FROM rules.why_not(a, $1, $2, 1, 8, $3, $4))
"""


async def kitchens_free(conn: asyncpg.Connection, today: date, tuesday: date) -> int:
    """How many kitchens near Sale the demo's group could book for that evening."""
    starts, ends = (instant(datetime.combine(tuesday, time(hour)), LONDON) for hour in (18, 21))
    booker = await conn.fetchval("SELECT id FROM organisations WHERE slug = 'demo-blue-kettle-supper-club'")
    return await conn.fetchval(KITCHENS, starts, ends, booker, datetime.combine(today, time(9), UTC))


def tuesdays(today: date, count: int) -> list[date]:
    first = today + timedelta(days=(1 - today.weekday()) % 7)
    return [first + timedelta(weeks=n) for n in range(count)]


async def test_the_demo_holds_what_it_promises(loaded):
    answer, conn = loaded
    stations, halls, people, minibuses, dozens = await numbers(
        conn,
        "SELECT count(*) FROM sites s JOIN organisations o ON o.id = s.owner_id WHERE o.kind = 'fire'",
        "SELECT count(DISTINCT part_of) FROM assets WHERE category IN ('hall', 'sports_hall')",
        "SELECT count(*) FROM assets WHERE kind = 'people' AND category = 'plumber'",
        "SELECT count(*) FROM assets WHERE category = 'minibus'",
        "SELECT count(*) FROM assets WHERE category = 'tables' AND units % 12 = 0",
    )
    assert stations == 1399
    assert halls > 50
    assert (people, minibuses > 10, dozens > 20) == (4, True, True)
    assert 2300 <= answer.counts["assets"] <= 2700
    assert 2000 <= answer.counts["bookings"] <= 4000
    assert await numbers(conn, "SELECT count(*) FROM organisations WHERE kind = 'library'") == [10]
    assert await conn.fetchval("SELECT count(*) FROM organisations WHERE state <> 'verified'") == 0
    states = dict(await conn.fetch("SELECT state, count(*) FROM assets GROUP BY 1"))
    assert set(states) == {"listed", "draft", "paused"}
    assert states["listed"] > 0.98 * answer.counts["assets"]
    assert "1,399" not in str(answer)
    assert str(answer).startswith("The demo is loaded: ")


async def test_every_description_says_that_the_offer_is_invented(loaded):
    _, conn = loaded
    silent = "SELECT count(*) FROM assets WHERE strpos(description, CASE WHEN kind = 'people' THEN $1 ELSE $2 END) = 0"
    assert await conn.fetchval(silent, WHOLLY_INVENTED, INVENTED) == 0


async def test_every_booking_keeps_the_rules_of_its_asset(loaded):
    _, conn = loaded
    broken = """
      SELECT k.code, count(*) FROM occurrences c
        JOIN bookings b ON b.id = c.booking_id AND b.owner_id = c.owner_id
        JOIN assets a ON a.id = c.asset_id AND a.owner_id = c.owner_id
       CROSS JOIN LATERAL rules.why_not(a, c.starts_at, c.ends_at, c.units, b.attendees, b.booker_id, b.created_at) k
       WHERE k.code <> 'taken' GROUP BY 1
    """
    assert await conn.fetch(broken) == []


async def test_an_occurrence_occupies_its_units_and_all_of_each_part_with_its_turnaround(loaded):
    _, conn = loaded
    difference = """
      WITH due AS (
        SELECT c.id, p.part_id, rules.span(a, c.starts_at, c.ends_at) AS occupied,
               CASE WHEN p.part_id = a.id THEN c.units ELSE part.units END AS units
          FROM occurrences c
          JOIN assets a ON a.id = c.asset_id AND a.owner_id = c.owner_id
          JOIN parts p ON p.owner_id = a.owner_id AND p.whole_id = a.id
          JOIN assets part ON part.id = p.part_id AND part.owner_id = p.owner_id
         WHERE c.state IN ('held', 'pending', 'confirmed')),
      is_there AS (
        SELECT occurrence_id AS id, asset_id AS part_id, occupied, count(*)::int AS units
          FROM occupancies GROUP BY 1, 2, 3)
      (TABLE due EXCEPT TABLE is_there) UNION ALL (TABLE is_there EXCEPT TABLE due)
    """
    assert await conn.fetch(difference) == []


async def test_the_closure_of_parts_is_that_of_part_of(loaded):
    _, conn = loaded
    difference = """
      WITH RECURSIVE inside AS (
        SELECT owner_id, id AS whole_id, id AS part_id FROM assets
         UNION ALL
        SELECT i.owner_id, i.whole_id, a.id FROM inside i JOIN assets a ON a.part_of = i.part_id)
      (TABLE inside EXCEPT TABLE parts) UNION ALL (TABLE parts EXCEPT TABLE inside)
    """
    assert await conn.fetch(difference) == []
    assert await conn.fetchval("SELECT count(*) FROM parts p WHERE p.whole_id <> p.part_id") > 150


async def test_each_change_has_its_event_and_versions_have_no_gap(loaded):
    _, conn = loaded
    difference = """
      SELECT 'booking', id, version::bigint FROM bookings WHERE booker_id IS NOT NULL
       UNION ALL SELECT 'asset', id, version FROM assets UNION ALL SELECT 'site', id, version FROM sites
       UNION ALL SELECT 'organisation', id, version FROM organisations
       UNION ALL SELECT 'limit', id, version FROM limits
       UNION ALL SELECT 'need', id, version FROM needs UNION ALL SELECT 'offer', id, version FROM offers
      EXCEPT
      SELECT object_kind, object_id, count(*) FROM events GROUP BY 1, 2 HAVING count(*) = max(version)
    """
    assert await conn.fetch(difference) == []
    assert (
        await conn.fetchval("SELECT count(*) FROM events WHERE after->'texts' IS NULL AND type = 'asset.created'") == 0
    )


async def test_people_are_shown_about_a_kilometre_off_and_without_a_home(loaded):
    _, conn = loaded
    homes = await conn.fetch("""
      SELECT DISTINCT s.private, ST_Distance(s.location, s.shown) BETWEEN 1 AND 1500 AS off, s.precision,
             ST_Equals(s.shown::geometry, a.location::geometry) AS searched
        FROM assets a JOIN sites s ON s.id = a.site_id WHERE a.kind = 'people'
    """)
    assert [tuple(row) for row in homes] == [(True, True, "district", True)]


async def test_the_token_is_an_admins_of_a_verified_group_and_only_its_hash_is_stored(loaded):
    answer, conn = loaded
    found = await db.tokens.find(conn, answer.token)
    caller = found.caller
    assert (caller.kind, caller.state, caller.role, found.revoked) == ("group", "verified", "admin", False)
    holds = await conn.fetch("SELECT requirement FROM holdings WHERE organisation_id = $1", caller.organisation_id)
    assert {"public_liability", "food_hygiene_2"} <= {row[0] for row in holds}


async def test_kitchens_near_sale_are_free_on_every_tuesday_evening(loaded):
    _, conn = loaded
    free = [await kitchens_free(conn, WEDNESDAY, tuesday) for tuesday in tuesdays(WEDNESDAY, 10)]
    assert min(free) >= 3, free


async def test_kitchens_near_sale_are_free_even_when_christmas_day_is_a_tuesday(clone: str):
    await demo.load(clone, today=CHRISTMAS)
    conn = await connect(clone)
    free = [await kitchens_free(conn, CHRISTMAS, tuesday) for tuesday in tuesdays(CHRISTMAS, 2)]
    await conn.close()
    assert min(free) >= 3, free


async def test_a_second_load_on_the_same_day_or_later_changes_nothing(loaded, once):
    _, conn = loaded
    count = "SELECT count(*) || '/' || max(id::text) FROM events"
    before = await conn.fetchval(count)
    again = [await demo.load(once[1], today=day) for day in (WEDNESDAY, WEDNESDAY + timedelta(days=40))]
    assert again == [demo.Loaded({}, [], None)] * 2
    assert str(again[0]) == "The demo is there already."
    assert await conn.fetchval(count) == before


async def test_all_of_it_reads_back_in_the_shapes_that_the_api_answers(loaded):
    answer, conn = loaded
    caller = (await db.tokens.find(conn, answer.token)).caller
    mine, now = caller.organisation_id, datetime.combine(WEDNESDAY, time(9), UTC)
    every = {"after": None, "limit": 5000}
    nothing = dict.fromkeys(("owner_id", "site_id", "kind", "category", "state", "part_of", "q"))
    assets = await db.assets.page(conn, mine, **nothing, **every)
    sites = await db.sites.page(conn, mine, owner_id=None, q=None, **every)
    timetables = await db.timetables.page(conn, mine, owner_id=None, **every)
    organisations = await db.organisations.page(conn, mine, q=None, kind=None, before=None, limit=5000)
    bookings = await db.bookings.page(conn, mine, BookingFilter(*[None] * 6), now=now, oldest_first=False, **every)
    events, _ = await db.events.read(conn, mine, None, 5000)
    assert 2450 < len(assets) <= answer.counts["assets"]
    assert len(sites) == answer.counts["sites"]
    assert 0 < len(timetables) < answer.counts["timetables"]
    assert len(organisations) == answer.counts["organisations"]
    assert {each.type for each in events} >= {"booking.created", "organisation.verified", "asset.published"}
    occurrences = [one for each in bookings for one in each.occurrences]
    free, taken = {"cancelled", "expired", "skipped"}, {"pending", "confirmed", "completed"}
    assert {one.state for one in occurrences} == free | taken
    assert all(len(one.unit_numbers) == one.units for one in occurrences if one.state in taken)
    [missed] = [each.code for one in occurrences if one.state == "skipped" for each in one.why_not]
    assert missed == "taken"


DIGESTS = {
    table: f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM (SELECT * FROM {table}) t"
    for table in ("organisations", "sites", "assets", "seasons", "exceptions", "bookings", "occurrences", "occupancies")
}


async def test_two_loads_of_one_day_are_the_same_and_two_at_once_are_one(loaded, clone: str):
    _, conn = loaded
    at_once = await asyncio.gather(*(demo.load(clone, today=WEDNESDAY) for _ in range(2)))
    assert sorted(each.token is None for each in at_once) == [False, True]
    other = await connect(clone)
    same = {table: await conn.fetchval(query) == await other.fetchval(query) for table, query in DIGESTS.items()}
    await other.close()
    assert same == dict.fromkeys(DIGESTS, True)


async def test_somebody_elses_name_in_the_way_is_one_sentence_and_nothing_is_loaded(clone: str):
    conn = await connect(clone)
    insert = (
        "INSERT INTO organisations (id, slug, name, kind, created_at, updated_at) VALUES ($1, $2, 'x', 'fire', $3, $3)"
    )
    await conn.execute(
        insert, "018f0000-0000-7000-8000-000000000000", "demo-fire-kent", datetime(2026, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(SetupFailed, match="demo-fire-kent"):
        await demo.load(clone, today=WEDNESDAY)
    assert await numbers(conn, "SELECT count(*) FROM organisations", "SELECT count(*) FROM sites") == [1, 0]
    await conn.execute("UPDATE organisations SET slug = 'a-school'")
    await conn.execute("INSERT INTO identifiers SELECT id, 'GB-EDU', '106283' FROM organisations")
    with pytest.raises(SetupFailed, match="106283"):
        await demo.load(clone, today=WEDNESDAY)
    assert await numbers(conn, "SELECT count(*) FROM organisations", "SELECT count(*) FROM sites") == [1, 0]
    await conn.close()


async def test_untidy_rows_are_told_with_file_line_and_reason(loaded):
    answer, _ = loaded
    assert Counter(each.file for each in answer.untidy).keys() == {
        "fire_stations_england.csv",
        "libraries_greater_manchester.csv",
        "schools_trafford.csv",
        "sports_facilities_trafford.csv",
    }
    told = [str(each) for each in answer.untidy]
    misplaced = "the coordinates of another station too: at the centre of its postcode's district"
    assert f"fire_stations_england.csv:517 Malvern: {misplaced}" in told
    assert len({(each.file, each.line) for each in answer.untidy}) == len(told)
    assert sum("neither postcode nor coordinates" in each for each in told) == 25
