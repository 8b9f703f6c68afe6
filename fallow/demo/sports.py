"""Trafford's sports facilities: each site a school's, the council's, or a club's or business's of its own."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.places import Address
from fallow.demo import calendars, chance, libraries, offers, sources
from fallow.demo.schools import town_of
from fallow.demo.sources import Row
from fallow.demo.world import World

Schools = Mapping[str, tuple[UUID, str]]
SCHOOL = re.compile(r"\b(school|college|academy|grammar)\b", re.IGNORECASE)
PUBLIC = re.compile(r"\b(park|fields?|recreation|playing|moor nook|manor farm|crossford)\b", re.IGNORECASE)
CENTRE = re.compile(r"^(move|sale leisure|stretford sports|partington sports|beactive|walton park indoor|the fuse)")
BUSINESS = re.compile(
    r"gym|fitness|david lloyd|marriott|mercure|country club|chill factore|planet ice|fives|emirates|manchester united"
    r"|golf centre|training centre",
    re.IGNORECASE,
)


class Sort(msgspec.Struct, frozen=True):
    """What a publisher's facility type is here: category, title, people at a time, price; `alike`: let one by one."""

    category: str
    title: str
    capacity: int
    pence: int
    alike: bool = False


SORTS = {
    "Grass pitches": Sort("pitch", "Grass pitch", 30, 2500, alike=True),
    "Artificial grass pitches": Sort("pitch", "Artificial pitch", 30, 4500, alike=True),
    "Sports halls": Sort("sports_hall", "Sports hall", 120, 4000),
    "Health and fitness gym stations": Sort("gym", "Gym", 20, 3000),
    "Outdoor tennis courts": Sort("tennis_court", "Tennis court", 8, 800, alike=True),
    "Indoor tennis courts": Sort("tennis_court", "Indoor tennis court", 8, 1600, alike=True),
    "Studios": Sort("studio", "Studio", 25, 1800, alike=True),
    "Swimming pools": Sort("pool", "Swimming pool", 40, 7000),
    "Golf": Sort("golf_course", "Golf course", 60, 9000),
    "Squash courts": Sort("squash_court", "Squash court", 4, 700, alike=True),
    "Athletics": Sort("athletics_track", "Athletics track", 150, 3500),
    "Ski slopes": Sort("ski_slope", "Ski slope", 40, 12000),
    "Ice rinks": Sort("ice_rink", "Ice rink", 150, 10000),
}
FEATURES = {
    "nursery": "nursery",
    "first_aid_room": "first_aid_room",
    "cycle_park": "cycle_park",
    "car_park": "car_park",
    "disability_parking": "accessible_parking",
    "disability_finding_reaching_entrance": "accessible_entrance",
    "disability_reception_area": "accessible_reception",
    "disability_activity_area": "accessible_activity_area",
    "disability_social_areas": "accessible_social_area",
    "disability_spectator_areas": "accessible_spectator_area",
    "disability_doorways": "accessible_doorways",
    "disability_emergency_exits": "accessible_emergency_exits",
    "disability_toilets": "accessible_toilet",
    "disability_changing_facilities": "accessible_changing",
}
NOTED = {"pool_hoist": r"\bhoist", "lift": r"\blift\b", "wheelchair_ramp": r"\bramps?\b"}
# Of each publisher's access type: share of the price, share that community groups pay, requirements, notice.
ACCESS: dict[str, tuple[float | None, float, list[str], int]] = {
    "Free Public Access": (None, 0, [], 0),
    "Pay and Play": (1, 0.6, [], 60),
    "Sports Club / Community Association": (0.8, 0.4, ["public_liability"], 1440),
    "Registered Membership use": (1.5, 1, ["public_liability"], 1440),
    "Private Use": (1, 0.5, ["public_liability", "safeguarding_policy"], 2880),
}


def add(world: World, rows: list[Row], schools: Schools) -> None:
    """Every facility at its site."""
    sites: dict[str, tuple[UUID, UUID]] = {}
    alike = Counter((row["site_id"], row["facility_type"]) for row in rows)
    for row in rows:
        number = row.text("site_id")
        if number not in sites:
            sites[number] = place(world, row, schools)
        site_id, timetable_id = sites[number]
        facility(world, site_id, timetable_id, row, named_twice=alike[number, row["facility_type"]] > 1)


def place(world: World, row: Row, schools: Schools) -> tuple[UUID, UUID]:
    """The site of a row, and its opening hours."""
    name = row.text("site_name")
    code = sources.postcode(row, "postcode", name, world.untidy)
    owner_id = owner(world, name, code or "", schools)
    address = Address(street=row["street"], town=town_of(code) or row["town"], postcode=code)
    key = row.text("site_id")
    site_id = world.site(owner_id, f"sports {key}", name, libraries.point(world, row, name), address)
    timetable_id = world.timetable(owner_id, f"sports {key}", hours(world, name, key), name=f"Sports, {name}")
    if chance.likely(0.04, "works", key):
        days = chance.between(5, 25, "works", key)
        world.closure(site_id, days_ahead=days, days=3, note="The floor and the lines are done up.")
    if chance.likely(0.08, "gazebos", key):
        given: dict[str, Any] = {
            "units": 4,
            "title": "Gazebos, 3 × 3 m",
            "pence": 1000,
            "features": ["weatherproof", "carry_case"],
        }
        offers.equipment(world, site_id, timetable_id, "gazebo", **given)
    return site_id, timetable_id


def owner(world: World, name: str, postcode: str, schools: Schools) -> UUID:
    """Whose a site plausibly is."""
    if SCHOOL.search(name) and not name.casefold().startswith("manchester"):
        return school(name, postcode, schools) or world.organisation(f"school {name}", name, "school")
    if CENTRE.match(name.casefold()):
        return world.organisation("trafford leisure", "Trafford Leisure Centres", "charity")
    if BUSINESS.search(name):
        return world.organisation(f"sport {name}", name, "business")
    if PUBLIC.search(name) and not re.search(r"\b(club|golf|rugby)\b", name, re.IGNORECASE):
        return world.organisation("trafford parks", "Trafford Parks", "council")
    return world.organisation(f"sport {name}", name, "group")


def school(name: str, postcode: str, schools: Schools) -> UUID | None:
    """The school that a site belongs to: of its postcode the likeliest name, else one of nearly the same name."""

    def likeness(other: str) -> float:
        return difflib.SequenceMatcher(None, name.casefold(), other.casefold()).ratio()

    near = [other for other, (_, code) in schools.items() if code == postcode]
    best = max(near or schools, key=likeness)
    return schools[best][0] if near or likeness(best) > 0.75 else None


def hours(world: World, name: str, key: str) -> Any:
    """Until dark in parks, early and late in centres, evenings at clubs; one in six also past midnight."""
    today = world.today
    if PUBLIC.search(name):
        return calendars.summer_and_winter(today, "mon-sun 08:00-21:00", "mon-sun 08:00-16:30")
    if SCHOOL.search(name):
        return calendars.school(
            today,
            ["mon-fri 17:00-22:00, sat-sun 09:00-18:00"],
            "mon-fri 09:00-22:00",
            holidays=calendars.CLOSED_ON_HOLIDAYS,
        )
    if CENTRE.match(name.casefold()) or BUSINESS.search(name):
        pattern = "mon-fri 06:30-22:00, sat-sun 08:00-18:00"
        return calendars.all_year(today, pattern, holidays=calendars.SHORT_ON_HOLIDAYS)
    late = "mon-thu 17:00-22:30, fri-sat 16:00-01:00, sun 09:00-20:00"
    usual = "mon-fri 16:00-22:00, sat-sun 09:00-20:00"
    return calendars.all_year(today, late if chance.likely(1 / 6, "late", key) else usual)


def facility(world: World, site_id: UUID, timetable_id: UUID, row: Row, *, named_twice: bool) -> None:
    """One row: an asset, and for sports halls its halves."""
    sort, access = SORTS[row.text("facility_type")], row.text("access_type")
    areas = int(row.number("facility_areas_on_site") or 0)
    if areas == 0:
        world.untidy.append(row.untidy(row.text("site_name"), f"no {row['facility_type']} counted: taken for one"))
    title = f"{sort.title}, {row['site_name']}"
    given: dict[str, Any] = {
        "kind": "space",
        "category": sort.category,
        "features": features(row),
        "accessibility": row["disability_notes"],
        "terms": terms(sort, access),
    }
    key = f"{row['facility_type']} {access}"
    whole_id = world.asset(
        site_id,
        key,
        timetable_id,
        state=offers.state(key, site_id),
        title=f"{title} ({access.casefold()})" if named_twice else title,
        description=f"{row['facility_type']}, of which the publisher counts {areas}; access: {access.casefold()}.",
        capacity=max(areas, 5) if sort.category == "gym" else sort.capacity,
        units=min(max(areas, 1), 12) if sort.alike else 1,
        **given,
    )
    if sort.category == "sports_hall":
        evenings = [{"day": day, "opens": "18:00", "closes": "22:00"} for day in ("mon", "tue", "wed", "thu")]
        most = {"counts": "minutes", "most": 20 * 60, "every": "week", "prime_time": evenings}
        world.limit(world.sites[site_id].owner_id, name="Evenings for all", asset_id=str(whole_id), **most)
        halves(world, whole_id, key, title, given)


def halves(world: World, whole_id: UUID, key: str, title: str, given: dict[str, Any]) -> None:
    """The two halves of a sports hall and, where people pay and play, the badminton courts of each."""
    whole = world.assets[whole_id]
    site_id, timetable_id = whole.request.site_id, whole.timetable_id
    sort, access = SORTS["Sports halls"], key.removeprefix("Sports halls ")
    for half in ("north", "south"):
        half_id = world.asset(
            site_id,
            f"{key} {half}",
            timetable_id,
            title=f"{title}, {half} half",
            capacity=60,
            part_of=str(whole_id),
            **given | {"terms": terms(sort, access, part=0.6)},
        )
        if access == "Pay and Play":
            world.asset(
                site_id,
                f"{key} {half} courts",
                timetable_id,
                title=f"Badminton courts, {half} half, {title}",
                capacity=4,
                units=2,
                part_of=str(half_id),
                **given | {"terms": terms(sort, access, part=0.2)},
            )


def terms(sort: Sort, access: str, part: float = 1) -> dict[str, Any]:
    """How a facility, or so much of it, may be booked by who may use it. Where anybody may, halls are checked in."""
    share, community, requires, notice = ACCESS[access]
    if share is None:
        return offers.terms(None, notice_minutes=notice, longest_minutes=240)
    if sort.category == "pool":
        requires = [*requires, "lifeguard"]
    return offers.terms(
        round(sort.pence * share * part),
        round(sort.pence * community * part),
        notice_minutes=notice,
        longest_minutes=240,
        turnaround_after_minutes=15 if sort.category in {"sports_hall", "pool", "ice_rink"} else 0,
        requires=requires,
        cancel_notice_minutes=1440,
        check_in_grace_minutes=15 if sort.category == "sports_hall" and access == "Pay and Play" else None,
    )


def features(row: Row) -> list[str]:
    """The publisher's accessibility columns as features, and what its note names."""
    found = [feature for column, feature in FEATURES.items() if row[column] == "Yes"]
    note = row["disability_notes"] or ""
    return found + [feature for feature, word in NOTED.items() if re.search(word, note, re.IGNORECASE)]
