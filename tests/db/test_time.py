"""SQL and Python agree on time: every clock change of five zones, 2025 to 2035."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import is_on_step, length, minute
from worlds import few

from domain.time import Period, instant, wall_clock, weeks_later

pytestmark = pytest.mark.anyio

ZONES = ["Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut", "America/Nuuk"]
YEARS = range(2025, 2036)
INSTANT = """
  SELECT rules.instant(w.wall, $2) FROM unnest($1::timestamp[]) WITH ORDINALITY w (wall, n) ORDER BY w.n
"""
REPEATS = """
  SELECT r.starts_at, r.ends_at
    FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY p (starts, ends, n),
         rules.repeats(p.starts, p.ends, $3, $4) r
   ORDER BY p.n, r.n
"""
ON_STEP = """
  SELECT rules.on_step(m.moment, $2, $3) FROM unnest($1::timestamptz[]) WITH ORDINALITY m (moment, n) ORDER BY m.n
"""
MINUTES = """
  SELECT rules.minutes(p.starts, p.ends, $3)
    FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY p (starts, ends, n) ORDER BY p.n
"""


def changes(zone):
    """The instants at which a zone's clocks change, to the minute."""
    hours = [datetime(YEARS[0], 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * 366 * len(YEARS))]
    offsets = [each.astimezone(ZoneInfo(zone)).utcoffset() for each in hours]
    found = [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
    assert found
    return found


def around(moment, minutes):
    return [moment + timedelta(minutes=each) for each in minutes]


@pytest.mark.parametrize("zone", ZONES)
async def test_every_minute_around_a_clock_change_is_the_same_instant_in_sql_as_in_python(conn, zone):
    half_a_day = range(-720, 721, 7)
    close = range(-95, 96)
    walls = [
        each.replace(tzinfo=None) + (shown - change.replace(tzinfo=None))
        for change in changes(zone)
        for shown in [wall_clock(change, ZoneInfo(zone))]
        for each in around(change, sorted({*half_a_day, *close}))
    ]
    rows = await conn.fetch(INSTANT, walls, zone)
    assert [row[0] for row in rows] == [instant(wall, ZoneInfo(zone)) for wall in walls]


@pytest.mark.parametrize("zone", ZONES)
async def test_series_across_a_clock_change_are_the_same_in_sql_as_in_python(conn, zone):
    lengths = (15, 60, 90, 150, 1440)
    firsts = [
        Period(start, start + timedelta(minutes=length))
        for change in changes(zone)
        for start in around(change - timedelta(weeks=1), range(-150, 151, 15)) + around(change, range(-90, 91, 30))
        for length in lengths
    ]
    starts, ends = [each.starts_at for each in firsts], [each.ends_at for each in firsts]
    rows = await conn.fetch(REPEATS, starts, ends, zone, 3)
    assert [Period(*row) for row in rows] == [
        weeks_later(first, ZoneInfo(zone), weeks) for first in firsts for weeks in range(3)
    ]


CHANGES = {
    **{zone: changes(zone)[:6] for zone in ZONES},
    "Asia/Kolkata": [datetime(2027, 3, 28, tzinfo=UTC)],  # there are none: any day
    "Pacific/Apia": [datetime(2011, 12, 30, 10, tzinfo=UTC)],  # a whole day was left out
}
near_a_change = st.sampled_from([(zone, change) for zone, all_ in CHANGES.items() for change in all_])


@few
@given(
    near=near_a_change,
    minutes=st.lists(st.integers(-1500, 1500), min_size=1, max_size=20),
    step=st.sampled_from([1, 5, 15, 30, 60, 120, 1440]),
)
async def test_steps_count_from_midnight_on_the_wall_and_from_before_a_gap(conn, near, minutes, step):
    zone, change = near
    moments = around(change, minutes)
    rows = await conn.fetch(ON_STEP, moments, zone, step)
    assert [row[0] for row in rows] == [is_on_step(minute(each), zone, step) for each in moments]


@few
@given(
    near=near_a_change,
    start=st.integers(-200, 200).map(lambda n: 15 * n),
    minutes=st.lists(st.integers(1, 5000) | st.integers(1, 400).map(lambda n: 15 * n), min_size=1, max_size=20),
)
async def test_a_whole_local_day_is_a_day_and_everything_else_is_as_long_as_it_lasts(conn, near, start, minutes):
    zone, change = near
    begins = change + timedelta(minutes=start)
    ends = around(begins, minutes)
    rows = await conn.fetch(MINUTES, [begins] * len(ends), ends, zone)
    assert [row[0] for row in rows] == [length(minute(begins), minute(each), zone) for each in ends]


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "counted"),
    [
        ("Europe/London", "2027-03-28T00:00Z", "2027-03-28T23:00Z", 1440),  # a day of 23 hours
        ("Europe/London", "2027-10-30T23:00Z", "2027-10-31T24:00Z", 1440),  # a day of 25 hours
        ("Asia/Beirut", "2027-03-27T22:00Z", "2027-03-28T21:00Z", 1440),  # a day that begins at 01:00
        ("Europe/London", "2027-03-28T00:00Z", "2027-03-28T22:00Z", 1320),
        ("Europe/London", "2027-10-31T00:30Z", "2027-10-31T01:30Z", 60),  # 01:30 to 01:30 on the wall
    ],
)
async def test_how_long_days_of_clock_changes_are(conn, zone, starts, ends, counted):
    found = await conn.fetchval(
        "SELECT rules.minutes($1::text::timestamptz, $2::text::timestamptz, $3)", starts, ends, zone
    )
    assert found == counted


async def test_seconds_are_on_no_step(conn):
    moments = [
        datetime(2027, 7, 5, 9, 0, second, microsecond, tzinfo=UTC) for second, microsecond in ((0, 0), (1, 0), (0, 1))
    ]
    rows = await conn.fetch(ON_STEP, moments, "Europe/London", 1)
    assert [row[0] for row in rows] == [True, False, False]
