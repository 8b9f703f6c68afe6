"""The libraries of Greater Manchester: one organisation of each authority, a room or two at each library."""

from collections import Counter
from uuid import UUID

from domain.hours import Opening
from domain.places import Address, Point
from fallow.demo import calendars, chance, offers, sources
from fallow.demo.sources import Row
from fallow.demo.world import World

PATTERNS = (
    "mon-tue 09:30-17:30, wed 09:30-13:00, thu-fri 09:30-19:00, sat 09:30-16:00",
    "mon 10:00-20:00, tue-fri 09:00-18:00, sat 10:00-17:00",
    "mon-fri 09:00-20:00, sat-sun 10:00-17:00",
    "mon 14:00-19:00, tue 10:00-19:00, thu 10:00-19:00, fri 10:00-13:00, sat 10:00-13:00",
)
SECOND = {
    "computer_room": "computer room",
    "exhibition_space": "gallery wall",
    "music_room": "music room",
    "office": "hot-desk office",
}


def add(world: World, rows: list[Row]) -> None:
    """Every library and what it offers."""
    at_point = Counter((row["lon"], row["lat"]) for row in rows)
    for row, name in sources.names(rows, "name", "postcode", world.untidy):
        area = row.text("area_name")
        owner_id = world.organisation(f"library {area}", f"{area} Libraries", "library")
        world.limit(owner_id, name="Five months ahead", category="meeting_room", counts="days_ahead", most=150)
        if at_point[row["lon"], row["lat"]] > 1:
            world.untidy.append(row.untidy(name, "the same point as another library: kept"))
        site_id = library(world, owner_id, row, name)
        timetable_id = hours(world, owner_id, area, site_id)
        offer(world, site_id, timetable_id, name)


def library(world: World, owner_id: UUID, row: Row, name: str) -> UUID:
    """The site of a library."""
    postcode = sources.postcode(row, "postcode", name, world.untidy)
    street, town = sources.address(row["address"], postcode)
    address = Address(street=street, town=town or row["area_name"], postcode=postcode)
    return world.site(owner_id, name, name, point(world, row, name), address)


def point(world: World, row: Row, name: str) -> Point | None:
    """A row's point; None, and told, where it has none."""
    lon, lat = row.number("lon"), row.number("lat")
    if lon is None or lat is None:
        world.untidy.append(row.untidy(name, "no coordinates: placed at the centre of its postcode's district"))
        return None
    return Point((lon, lat))


def hours(world: World, owner_id: UUID, area: str, site_id: UUID) -> UUID:
    """One of the authority's timetables; each authority shuts for a day of stocktaking."""
    number = chance.between(0, len(PATTERNS) - 1, "hours", site_id)
    timetable = calendars.all_year(
        world.today,
        PATTERNS[number],
        holidays=calendars.CLOSED_ON_HOLIDAYS,
        exceptions=calendars.new_year(world.today),
    )
    day = world.today.replace(day=1 + chance.between(0, 27, "stock", area))
    timetable = calendars.with_exception(timetable, day, "Stocktaking", Opening("15:00", "17:00"))
    return world.timetable(owner_id, f"pattern {number}", timetable, name=f"{area} libraries, pattern {number + 1}")


def offer(world: World, site_id: UUID, timetable_id: UUID, name: str) -> None:
    """A meeting room everywhere, something else in most places."""
    offers.room(world, site_id, timetable_id, f"{name} meeting room")
    if chance.likely(0.6, "second", site_id):
        category, called = chance.pick(tuple(SECOND.items()), "second", site_id)
        offers.room(world, site_id, timetable_id, f"{name} {called}", category=category, key=category)
    if chance.likely(0.15, "projector", site_id):
        offers.equipment(
            world,
            site_id,
            timetable_id,
            "projector",
            units=2,
            title="Projector with its screen",
            pence=800,
            features=["carry_case", "pat_tested"],
        )
    if chance.likely(0.12, "laptops", site_id):
        offers.equipment(
            world,
            site_id,
            timetable_id,
            "laptop_set",
            units=10,
            title="Laptops for a digital café",
            pence=300,
            features=["battery_powered", "carry_case"],
        )
