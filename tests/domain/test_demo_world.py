"""What the demo invents, before any of it is stored. Pure, as the tests of the domain are."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

import domain.assets
import domain.hours
import domain.organisations
import domain.places
from domain.places import Address, Point
from fallow import demo
from fallow.demo import bookings, calendars, chance, libraries, requests, sources, sports, stations
from fallow.demo.requests import TUESDAY, Wanted
from fallow.demo.world import World

TODAY = date(2026, 11, 25)
MOMENT = datetime(2026, 1, 5, 9, tzinfo=UTC)
SALE = Point((-2.32451, 53.42519))


class Everywhere(dict[stations.Grid, Point]):
    """Every station of the grid at one place."""

    def __missing__(self, key: stations.Grid) -> Point:
        return SALE


def everything(today: date = TODAY) -> World:
    faults: list[sources.Untidy] = []
    rows = {file: sources.read(file, faults, name=name) for file, name in demo.NAMES.items()}
    return demo.build(today, rows, Everywhere())


@pytest.fixture(scope="module")
def world() -> World:
    return everything()


def a_row(**cells: str) -> sources.Row:
    return sources.Row("some.csv", 7, {column: sources.clean(cell) for column, cell in cells.items()})


def a_hall(world: World) -> tuple[list, object]:
    """A hall, its two halves, and six courts in the second."""
    owner_id = world.organisation("owner", "Owner", "council")
    site_id = world.site(owner_id, "site", "Hall Street", SALE, Address())
    hours = world.timetable(owner_id, "hours", calendars.all_year(world.today, "mon-sun 08:00-22:00"))
    given = {"kind": "space", "category": "hall", "title": "Hall", "terms": {"turnaround_after_minutes": 15}}
    whole = world.asset(site_id, "whole", hours, **given)
    halves = [world.asset(site_id, f"half {n}", hours, part_of=str(whole), **given) for n in (1, 2)]
    courts = world.asset(site_id, "courts", hours, part_of=str(halves[1]), units=6, **given)
    return [whole, *halves, courts], owner_id


def test_an_identifier_is_a_uuid_7_that_sorts_by_its_moment_and_never_changes():
    first, second = (chance.identifier(MOMENT + timedelta(days=n), "site", 5) for n in (0, 1))
    assert (first.version, first.variant, first < second) == (7, "specified in RFC 4122", True)
    assert first == chance.identifier(MOMENT, "site", 5)
    assert first.int >> 80 == int(MOMENT.timestamp() * 1000)
    assert chance.identifier(MOMENT, "site", 6) != first


@pytest.mark.parametrize(
    ("given", "read", "told"),
    [
        ("M33 7NT", "M33 7NT", 0),
        ("BS40\xa07RL", "BS40 7RL", 0),
        ("AL100DA", "AL10 0DA", 1),
        ("CH65 OEZ", "CH65 0EZ", 1),
        ("WF5 9EE (For Sat Nav use WF5 9TR)", "WF5 9EE", 1),
        ("TS13 45W", None, 1),
        ("NA", None, 1),
    ],
)
def test_a_postcode_is_read_as_far_as_it_can_be_meant_and_what_was_mended_is_told(given, read, told):
    faults: list[sources.Untidy] = []
    assert sources.postcode(a_row(code=given), "code", "Here", faults) == read
    assert len(faults) == told


@pytest.mark.parametrize(
    ("text", "street", "town"),
    [
        ("Sale Fire Station, Cranleigh Drive, Sale, Trafford", "Cranleigh Drive", "Sale"),
        ("Eccles Fire Station, 288, Liverpool Road, Eccles, Salford", "288 Liverpool Road", "Eccles"),
        ("Derby Road, De7 5Ez", "Derby Road", None),
        ("Loddon Fire Station", "Loddon Fire Station", None),
        (None, None, None),
    ],
)
def test_an_address_in_one_line_is_taken_apart(text, street, town):
    assert sources.address(text, "DE7 5EZ") == (street, town)


def test_not_available_is_nothing_and_blanks_are_no_part_of_a_cell():
    assert [sources.clean(cell) for cell in (" a \xa0 b ", "NA", "", "Not available here, but see https://x")] == [
        "a b",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("point", "shared", "believed"),
    [
        (Point((-2.30, 53.43)), False, True),
        (Point((-2.0, 53.7)), False, True),  # 40 km off: the postcode may be wrong as well
        (Point((-5.0, 51.0)), False, False),  # outside its brigade's country
        (Point((-2.30, 53.43)), True, True),
        (Point((-2.0, 53.4)), True, False),
    ],
)
def test_coordinates_are_believed_unless_they_are_lost_or_another_stations(point, shared, believed):
    world = World(TODAY)
    row = a_row(STATION_NAME="Sale")
    found = stations.believed(world, row, "M33 7NT", point, SALE, shared=shared)
    assert found == (point if believed else None)


def test_a_row_with_only_a_postcode_is_at_the_centre_of_its_district_and_told():
    world = World(TODAY)
    owner_id = world.organisation("owner", "Owner", "fire")
    row = a_row(
        STATION_NAME="Sale", STATION_POSTCODE="M33 7NT", STATION_EASTING="NA", STATION_NORTHING="", STATION_ADDRESS="NA"
    )
    placed = world.sites[stations.station(world, owner_id, row, {}, {}, None)].placed
    assert (placed.name, placed.precision, placed.point) == (
        "Sale Fire Station",
        "district",
        domain.places.centre("M33"),
    )
    assert libraries.point(world, a_row(lon="NA", lat="53.4"), "Sale Library") is None
    assert [each.why.split(":")[0] for each in world.untidy] == ["no coordinates"] * 2


def test_a_row_that_comes_twice_is_left_out_once_and_told(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "some.csv").write_text("name,code\nOne,1\nOne,1\nTwo ,2\n")
    monkeypatch.setattr(sources.resources, "files", lambda _package: tmp_path)
    faults: list[sources.Untidy] = []
    assert [row["name"] for row in sources.read("some.csv", faults, name="name")] == ["One", "Two"]
    assert list(map(str, faults)) == [
        "some.csv:3 One: the same row again: left out",
        "some.csv:4 Two: stray blanks in name: taken out",
    ]


def test_a_pattern_is_weekly_hours():
    assert [
        (each.day, each.opens, each.closes) for each in calendars.openings("mon-tue 09:00-12:00, sat 20:00-01:30")
    ] == [
        ("mon", "09:00", "12:00"),
        ("tue", "09:00", "12:00"),
        ("sat", "20:00", "01:30"),
    ]


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2028, 2, 29), date(2031, 12, 31)])
def test_the_seasons_of_a_school_year_leave_no_day_out(today):
    hours = calendars.school(today, ["mon 17:00-21:00", "tue 17:00-21:00"], "mon-fri 08:30-20:00")
    domain.hours.compile(hours)
    assert all(one.ends_on + timedelta(days=1) == other.starts_on for one, other in pairwise(hours.seasons))
    assert hours.seasons[0].starts_on <= today < today + timedelta(days=365) <= hours.seasons[-1].ends_on


def test_the_usual_openings_of_a_day_follow_the_cycle_from_its_first_monday():
    compiled = domain.hours.compile(calendars.all_year(TODAY, "mon 09:00-12:00", "mon 13:00-17:00, fri 20:00-02:00"))
    first = compiled.seasons[0][0]
    assert first.weekday() == 0
    days = [first + timedelta(days=n) for n in (0, 7, 11, 14)]
    assert [requests.spans(compiled, day) for day in days] == [
        [(540, 720)],
        [(780, 1020)],
        [(1200, 1560)],
        [(540, 720)],
    ]
    assert requests.spans(compiled, first - timedelta(days=1)) == []


def test_a_school_is_known_by_its_postcode_or_by_nearly_its_name():
    one, other = uuid4(), uuid4()
    schools = {"Brentwood School": (one, "M33 4GY"), "St Margaret Ward Catholic Primary School": (other, "M33 4GY")}
    assert sports.school("St Margaret Ward Catholic Primary", "M33 4GY", schools) == other
    assert sports.school("Brentwood High School And Community College", "M33 4GY", schools) == one
    assert sports.school("Brentwood Schools", "M1 1AA", schools) == one
    assert sports.school("Trafford College", "M1 1AA", schools) is None


def test_a_whole_takes_every_unit_of_its_parts_and_a_part_keeps_the_whole_from_being_had():
    world = World(TODAY)
    (whole, first, second, courts), owner_id = a_hall(world)
    ten = datetime(2026, 12, 1, 10, tzinfo=UTC)

    def ask(asset_id, hour: int, units: int = 1) -> Wanted:
        period = requests.Period(ten + timedelta(hours=hour), ten + timedelta(hours=hour + 1))
        return Wanted(uuid4(), asset_id, owner_id, [period], units, None, "meeting", MOMENT, None)

    wishes = [
        ask(courts, 0, units=2),
        ask(second, 0),
        ask(first, 0),
        ask(whole, 0),
        ask(courts, 0, units=4),
        ask(whole, 1),
        ask(whole, 2),
    ]
    taken = bookings.seated(world, wishes, {one.id: one.periods for one in wishes})
    assert [each.wanted for each in taken] == wishes[::2]
    assert sorted((asset_id == courts, seat.unit) for asset_id, seat in taken[-1].seats) == [
        (False, 1),
        (False, 1),
        (False, 1),
        *((True, unit) for unit in range(1, 7)),
    ]
    assert {seat.upper - seat.lower for each in taken for _, seat in each.seats} == {timedelta(minutes=75)}


def test_nothing_of_the_demo_has_a_fault_that_the_api_would_refuse(world):
    assert [
        (offered.request.title, fault)
        for offered in world.assets.values()
        for fault in domain.assets.faults(
            offered.request, at_private_site=world.sites[offered.request.site_id].placed.private
        )
    ] == []
    assert [fault for each in world.organisations.values() for fault in domain.organisations.faults(each)] == []


def test_a_part_is_where_its_whole_is_and_a_whole_has_one_unit(world):
    for asset_id, offered in world.assets.items():
        for whole_id in list(world.wholes(asset_id))[1:]:
            whole = world.assets[whole_id].request
            assert (whole.site_id, whole.units) == (offered.request.site_id, 1)


def test_schools_have_their_own_sports_and_all_names_are_distinct(world):
    slugs = [each.slug for each in world.organisations.values()]
    assert len(slugs) == len(set(slugs))
    owners = [located.owner_id for located in world.sites.values() if located.placed.name == "Sale High School"]
    assert len(owners) == 2
    assert len(set(owners)) == 1


def test_what_is_asked_for_depends_on_the_day_alone(world):
    assert list(requests.wanted(world)) == list(requests.wanted(everything()))
    later = list(requests.wanted(everything(TODAY + timedelta(days=1))))
    assert later != list(requests.wanted(world))


def test_nobody_asks_for_a_kitchen_of_the_tour_on_a_tuesday_evening(world):
    late = [
        one
        for one in requests.wanted(world)
        for period in one.periods
        if world.assets[one.asset_id].evenings
        and period.starts_at.weekday() == TUESDAY
        and period.ends_at.astimezone(requests.LONDON).hour >= 16
    ]
    assert late == []


def test_everything_is_asked_for_before_the_day_and_before_it_begins(world):
    now = requests.midnight(TODAY)
    for one in requests.wanted(world):
        assert one.asked_at < min(now, *(period.starts_at for period in one.periods))
        assert one.cancelled_at is None or one.asked_at < one.cancelled_at < now
