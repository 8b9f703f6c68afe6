"""The schools of Trafford: halls with halves, classrooms, kitchens and minibuses, when no lesson needs them."""

from typing import Any
from uuid import UUID

from domain.places import Address
from fallow.demo import calendars, chance, libraries, offers, sources
from fallow.demo.sources import Row
from fallow.demo.world import World

TOWNS = {
    "M15": "Hulme", "M16": "Old Trafford", "M17": "Trafford Park", "M21": "Chorlton", "M31": "Partington",
    "M32": "Stretford", "M33": "Sale", "M41": "Urmston", "WA14": "Altrincham", "WA15": "Timperley",
}  # fmt: skip
LARGE = 700  # pupils


def add(world: World, rows: list[Row]) -> dict[str, tuple[UUID, str]]:
    """Every school and what it offers. Of each name, the organisation and its postcode."""
    found = {}
    for row, name in sources.names(rows, "name", "postcode", world.untidy):
        number = row.text("unique_reference_number")
        identifiers = [{"scheme": "GB-EDU", "id": number}]
        owner_id = world.organisation(f"school {number}", name, "school", identifiers=identifiers)
        postcode = sources.postcode(row, "postcode", name, world.untidy)
        address = Address(town=town_of(postcode), postcode=postcode)
        site_id = world.site(owner_id, "school", name, libraries.point(world, row, name), address)
        pupils = row.number("capacity")
        if pupils is None:
            world.untidy.append(row.untidy(name, "no capacity: taken for a small school"))
        offer(world, site_id, name, large=(pupils or 0) >= LARGE)
        found[name] = (owner_id, postcode or "")
    return found


def town_of(postcode: str | None) -> str | None:
    """The town of a postcode in Trafford."""
    return TOWNS.get((postcode or "").split(" ")[0])


def hours(world: World, owner_id: UUID) -> UUID:
    """A school's timetable: evenings in term, some with alternate Saturdays; whole days in the holidays."""
    terms = (
        ("mon-fri 17:30-21:30, sat 09:00-17:00",),
        ("mon-fri 16:30-21:00",),
        ("mon-fri 17:00-22:00, sat 09:00-16:00", "mon-fri 17:00-22:00"),
    )
    timetable = calendars.school(
        world.today,
        chance.pick(terms, "term", owner_id),
        "mon-fri 08:30-21:00",
        holidays=chance.pick((calendars.CLOSED_ON_HOLIDAYS, calendars.SHORT_ON_HOLIDAYS), "holidays", owner_id),
    )
    return world.timetable(owner_id, "lettings", timetable, name="Lettings, out of school hours")


def offer(world: World, site_id: UUID, name: str, *, large: bool) -> None:
    """A hall at each, more at some."""
    owner_id = world.sites[site_id].owner_id
    timetable_id = hours(world, owner_id)
    hall(world, site_id, timetable_id, f"{name} hall", large=large)
    if large:
        classrooms(world, site_id, timetable_id, name)
    if chance.likely(0.3, "kitchen", site_id):
        offers.kitchen(world, site_id, timetable_id, f"{name} dining kitchen")
    if large and chance.likely(0.8, "minibus", site_id):
        offers.vehicle(world, site_id, f"{name} minibus", "minibus", seats=16, hours="mon-fri 07:30-18:30")
    if chance.likely(0.25, "tables", site_id):
        dozen(world, site_id, timetable_id, "tables", "Folding tables by the dozen", 24)
    if chance.likely(0.25, "chairs", site_id):
        dozen(world, site_id, timetable_id, "chairs", "Stacking chairs", 120)


def dozen(world: World, site_id: UUID, timetable_id: UUID, category: str, title: str, most: int) -> None:
    """So many of a thing, in dozens."""
    units = 12 * chance.between(1, most // 12, category, site_id)
    offers.equipment(world, site_id, timetable_id, category, units=units, title=title, pence=50, features=["stackable"])


def hall(world: World, site_id: UUID, timetable_id: UUID, title: str, *, large: bool) -> UUID:
    """A hall, at large schools with a wall that parts it in two."""
    key = ("hall", site_id)
    holds = chance.between(200, 400, *key) if large else chance.between(80, 180, *key)
    features = offers.some(("stage_built_in", "piano", "tables_and_chairs", "step_free", "hearing_loop"), *key)
    given: dict[str, Any] = {"kind": "space", "category": "hall", "features": features}
    pence = chance.between(15, 35, "price", *key) * 100
    whole_id = world.asset(
        site_id,
        "hall",
        timetable_id,
        title=title,
        capacity=holds,
        details={"kind": "space", "area_m2": 2 * holds},
        terms=offers.terms(pence, pence // 2, turnaround_after_minutes=30, requires=["public_liability"]),
        **given,
    )
    for half in ("north", "south") if large else ():
        world.asset(
            site_id,
            f"hall {half}",
            timetable_id,
            title=f"{title}, {half} half",
            capacity=holds // 2,
            part_of=str(whole_id),
            details={"kind": "space", "area_m2": holds},
            terms=offers.terms(pence * 6 // 10, pence // 3, turnaround_after_minutes=15, requires=["public_liability"]),
            **given,
        )
    return whole_id


def classrooms(world: World, site_id: UUID, timetable_id: UUID, name: str) -> None:
    """A corridor of classrooms that are all alike."""
    world.asset(
        site_id,
        "classrooms",
        timetable_id,
        state=offers.state("classrooms", site_id),
        kind="space",
        category="classroom",
        title=f"{name} classrooms",
        description="Rooms of one corridor, let one by one.",
        features=offers.some(("whiteboard", "wifi", "screen", "natural_light"), "classrooms", site_id),
        capacity=30,
        units=chance.between(2, 8, "classrooms", site_id),
        details={"kind": "space", "area_m2": 55},
        terms=offers.terms(1200, 600, step_minutes=30, requires=["public_liability"]),
    )
