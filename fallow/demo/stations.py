"""The fire stations of England: a kitchen or a room at each, hours shared by all of a brigade, its vans."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import cos, hypot, radians
from statistics import median
from uuid import UUID

import domain.places
from domain.hours import Hours, Opening
from domain.places import Address, Point
from fallow.demo import calendars, chance, offers, sources
from fallow.demo.sources import Row
from fallow.demo.world import World

TOUR = "Greater Manchester"  # where the README looks for a kitchen on a Tuesday evening
FAR_M = 25_000  # from a district's centre: coordinates or postcode are wrong, or the district is large
NEAR_M = 10_000
LOST_M = 100_000  # from the middle of its brigade
# The publisher names these stations' towns and nothing else of where they are: the towns' districts, by hand.
TOWNS = {
    "Arundel": "BN18", "Billingshurst": "RH14", "Bognor Regis": "PO21", "Burgess Hill": "RH15", "Chichester": "PO19",
    "Crawley": "RH10", "East Grinstead": "RH19", "East Preston": "BN16", "East Wittering": "PO20",
    "Haywards Heath": "RH16", "Henfield": "BN5", "Horley": "RH6", "Horsham": "RH12", "Hurstpierpoint": "BN6",
    "Lancing": "BN15", "Littlehampton": "BN17", "Midhurst": "GU29", "Partridge Green": "RH13", "Petworth": "GU28",
    "Selsey": "PO20", "Shoreham": "BN43", "Steyning": "BN44", "Storrington": "RH20", "Turners Hill": "RH10",
    "Worthing": "BN11",
}  # fmt: skip
Grid = tuple[float, float]


def grid(row: Row) -> Grid | None:
    """A station's easting and northing (EPSG:27700), if it has both."""
    easting, northing = row.number("STATION_EASTING"), row.number("STATION_NORTHING")
    return None if easting is None or northing is None else (easting, northing)


def add(world: World, rows: list[Row], points: Mapping[Grid, Point]) -> None:
    """Every station and what it offers. `points`: what each pair of easting and northing is in degrees."""
    shared = Counter(filter(None, map(grid, rows)))
    brigades: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        brigades[row.text("FRS_FULLNAME")].append(row)
    for name, stations in brigades.items():
        owner_id = brigade(world, name)
        heart = middle([points[place] for place in filter(None, map(grid, stations))])
        hours = brigade_hours(world, name)
        timetable_id = world.timetable(owner_id, "stations", hours, name="Community rooms, all stations")
        for number, row in enumerate(stations):
            site_id = station(world, owner_id, row, points, shared, heart)
            offers.at_station(world, site_id, timetable_id, titled(row.text("STATION_NAME")), tour=name == TOUR)
            if number == 0:
                offers.brigade_vehicle(world, site_id, name)
            if chance.likely(0.01, "boiler", site_id) and name != TOUR:
                days = chance.between(3, 20, "boiler", site_id)
                world.closure(site_id, days_ahead=days, days=4, note="The boiler is replaced.")


def brigade(world: World, name: str) -> UUID:
    """The organisation of a fire service."""
    return world.organisation(f"fire {name}", f"{name} Fire and Rescue Service", "fire")


def brigade_hours(world: World, name: str) -> Hours:
    """One timetable for all stations of a brigade."""
    today = world.today
    if name == TOUR:
        return calendars.all_year(today, "mon-fri 16:00-23:00, sat-sun 08:00-23:00")
    if name == "Isles of Scilly":
        return Hours(always=True, holidays=calendars.SHORT_ON_HOLIDAYS)
    patterns = (
        ("mon-fri 18:00-22:00, sat-sun 09:00-22:00",),
        ("mon-thu 09:00-21:30, fri 09:00-17:00, sat 10:00-16:00",),
        ("mon-wed 17:30-22:00, sat-sun 09:00-18:00", "thu-fri 17:30-22:00, sat-sun 12:00-22:00"),
        ("mon-thu 18:00-22:30, fri-sat 18:00-01:30, sun 10:00-18:00",),
    )
    hours = calendars.all_year(
        today,
        *chance.pick(patterns, "hours", name),
        holidays=chance.pick((calendars.CLOSED_ON_HOLIDAYS, calendars.SHORT_ON_HOLIDAYS), "holidays", name),
        exceptions=calendars.new_year(today),
    )
    drill = today.replace(day=1 + chance.between(0, 27, "drill", name))
    return calendars.with_exception(hours, drill, "Drill day of the whole brigade", Opening("08:00", "10:00"))


def middle(points: Sequence[Point]) -> Point | None:
    """The middle of a brigade's stations, which one that is misplaced does not move."""
    if not points:
        return None
    lons, lats = zip(*(point.coordinates for point in points), strict=True)
    return Point((median(lons), median(lats)))


def station(
    world: World,
    owner_id: UUID,
    row: Row,
    points: Mapping[Grid, Point],
    shared: Mapping[Grid, int],
    heart: Point | None,
) -> UUID:
    """The site of a station. `heart`: the middle of its brigade."""
    name, place = row.text("STATION_NAME"), grid(row)
    if place is None and row["STATION_POSTCODE"] is None:
        world.untidy.append(row.untidy(name, "neither postcode nor coordinates: at the centre of its town's district"))
        return world.site(owner_id, str(row.line), titled(name), None, Address(town=name, postcode=TOWNS[name]))
    postcode = sources.postcode(row, "STATION_POSTCODE", name, world.untidy)
    street, town = sources.address(row["STATION_ADDRESS"], postcode)
    point = points[place] if place else None
    if place is None:
        world.untidy.append(row.untidy(name, "no coordinates: at the centre of its postcode's district"))
    elif postcode:
        point = believed(world, row, postcode, points[place], heart, shared=shared[place] > 1)
    address = Address(street=street, town=town, postcode=postcode)
    return world.site(owner_id, str(row.line), titled(name), point, address)


def titled(name: str) -> str:
    """A station's name as a place's."""
    return name if "station" in name.casefold() else f"{name} Fire Station"


def believed(world: World, row: Row, postcode: str, point: Point, heart: Point | None, *, shared: bool) -> Point | None:
    """The point of a station, or None where its postcode is more to be trusted."""
    name, centre = row.text("STATION_NAME"), domain.places.centre(postcode)
    if centre is None:
        said = f"no such district as that of {postcode}: the coordinates stand unchecked"
        world.untidy.append(row.untidy(name, said))
        return point
    far = metres(point, centre)
    if not shared and far <= FAR_M:
        return point
    kept = far < NEAR_M if shared else heart is None or metres(point, heart) < LOST_M
    why = "the coordinates of another station too" if shared else f"{far / 1000:.0f} km from {postcode}'s district"
    said = "its coordinates kept" if kept else "at the centre of its postcode's district"
    world.untidy.append(row.untidy(name, f"{why}: {said}"))
    return point if kept else None


def metres(one: Point, other: Point) -> float:
    """How far two points are apart, near enough."""
    (lon, lat), (other_lon, other_lat) = one.coordinates, other.coordinates
    return 111_320 * hypot(lat - other_lat, (lon - other_lon) * cos(radians(lat)))
