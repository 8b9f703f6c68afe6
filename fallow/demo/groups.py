"""A dozen invented groups, what they hold and what they lend: minibuses, tables, and people's hours."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.places import Address
from fallow.demo import calendars, chance, offers
from fallow.demo.schools import town_of
from fallow.demo.world import WHOLLY_INVENTED, World, made_of

BOOKER = "blue kettle supper club"  # whose token `make run` prints
LENDER = "half moon events"  # whose chairs it borrows
FOOD = ("public_liability", "food_hygiene_2", "food_registration", "safeguarding_policy", "risk_assessment")
SPORT = ("public_liability", "safeguarding_policy", "coaching_level_2", "first_aid_at_work", "lifeguard")
WHEELS = ("public_liability", "midas", "vehicle_insurance", "section_19_permit", "d1_licence")
USUAL = ("public_liability", "risk_assessment", "vehicle_insurance")
# Key, kind, where it keeps its things, what it holds, and what it is.
GROUPS = (
    (BOOKER, "group", "M33", (*FOOD, "vehicle_insurance", "midas"), "Cooks a Tuesday supper for whoever comes."),
    ("wandering pantry", "charity", "M32", FOOD, "Moves a food pantry from place to place."),
    ("second spanner repair cafe", "group", "M33", USUAL, "Mends what others throw away."),
    ("fledgling wheels", "charity", "M41", WHEELS, "Community transport, two minibuses and a van."),
    ("two left feet", "group", "WA14", SPORT, "Dancing for people who say that they cannot."),
    ("long shadow choir", "group", "M16", USUAL, "Sings after work."),
    ("paper boats", "group", "WA15", FOOD, "A morning for toddlers and whoever brings them."),
    ("lamplight homework club", "charity", "M31", SPORT, "Homework after school, with toast."),
    ("tin roof players", "group", "M41", USUAL, "A theatre company without a theatre."),
    ("bridgewater minnows", "group", "M33", SPORT, "Swimming and small-sided football for under-elevens."),
    ("idle hands time bank", "charity", "M33", USUAL, "People who give hours, and those who need them."),
    (LENDER, "business", "M17", (*USUAL, "hired_in_equipment"), "Stages, chairs and gazebos for fêtes."),
)
NATIONAL = (
    ("red scarf first aiders", "charity", "B15", SPORT, "First-aid courses, anywhere in England."),
    ("kettle and compass", "charity", "LS6", FOOD, "Warm rooms in cold months, anywhere in England."),
    ("open gate", "charity", "BS5", USUAL, "Advice mornings, anywhere in England."),
)
# Category, what it says, its skills, its hours.
PEOPLE = (
    ("plumber", "Retired plumber", ["taps", "radiators", "leaks"], ("tue-thu 10:00-16:00",)),
    ("electrician", "Retired electrician", ["testing", "lights"], ("mon 09:00-13:00, wed 13:00-17:00",)),
    ("carpenter", "Joiner between jobs", ["doors", "shelves", "ramps"], ("sat 09:00-16:00", "sun 10:00-15:00")),
    ("gardener", "Gardener with a van", ["hedges", "raised beds"], ("mon-fri 08:00-12:00",)),
    ("cook", "School cook, off in the evenings", ["meals for a hundred", "halal"], ("mon-thu 17:00-21:00",)),
    ("driver", "Minibus driver", ["midas", "long distance"], ("mon-fri 09:30-14:30, sat 08:00-20:00",)),
    ("tutor", "Maths tutor", ["gcse", "numeracy"], ("mon-thu 16:00-20:00",)),
    ("interpreter", "Interpreter, Urdu and Punjabi", ["urdu", "punjabi"], ("mon-fri 10:00-15:00",)),
    ("bookkeeper", "Bookkeeper", ["accounts", "gift aid"], ("tue 18:00-21:00", "thu 18:00-21:00")),
    ("it_helper", "Patient with computers", ["phones", "forms"], ("mon-fri 13:00-17:00",)),
    ("befriender", "Good listener", ["visits", "telephone"], ("mon-sun 10:00-18:00",)),
    ("first_aider", "First aider for events", ["first aid"], ("fri-sat 17:00-01:00, sun 09:00-18:00",)),
    ("steward", "Stewards for the day", ["crowds", "parking"], ("sat-sun 08:00-20:00",)),
    ("musician", "Pianist", ["piano", "accordion"], ("thu-fri 18:00-23:00",)),
    ("handyperson", "Handy with most things", ["flat packs", "gutters"], ("mon-fri 09:00-15:00",)),
)
HOMES = ("M33", "M32", "M41", "WA14")


def add(world: World) -> None:
    """The invented groups and what they lend."""
    sites = {key: group(world, key, kind, district, holds, said) for key, kind, district, holds, said in GROUPS}
    for key, kind, _, holds, said in NATIONAL:
        organisation(world, key, kind, holds, said)
    transport(world, sites["fledgling wheels"])
    lent(world, sites[LENDER], dozens=3)
    for key in (BOOKER, "tin roof players", "second spanner repair cafe"):
        lent(world, sites[key], dozens=1)
    world.closure(sites[BOOKER], days_ahead=330, days=2, note="The store gets new shelves.")
    pans = str(made_of("asset", sites[BOOKER], "cooking_equipment"))
    world.limit(
        world.sites[sites[BOOKER]].owner_id,
        name="The pans go round",
        asset_id=pans,
        counts="minutes",
        most=120 * 60,
        every="week",
    )
    people(world, world.sites[sites["idle hands time bank"]].owner_id)


def organisation(world: World, key: str, kind: str, holds: tuple[str, ...], said: str) -> UUID:
    """A group and its papers, a few of which run out soon; never those of the group whose token is printed."""
    papers: list[dict[str, Any]] = []
    for code in holds:
        days = chance.between(20, 500, "paper", key, code)
        ends = world.today + timedelta(days=days)
        lasts = key == BOOKER or chance.likely(0.7, "lasts", key, code)
        papers.append({"code": code, "expires_on": None if lasts else ends.isoformat()})
    return world.organisation(
        key, key.title().replace("Cafe", "Café"), kind, description=f"{said} {WHOLLY_INVENTED}", holds=papers
    )


def group(world: World, key: str, kind: str, district: str, holds: tuple[str, ...], said: str) -> UUID:
    """A group's store, at the centre of a postcode district: there is no such place."""
    owner_id = organisation(world, key, kind, holds, said)
    address = Address(town=town_of(district), postcode=district)
    return world.site(owner_id, "store", f"{world.organisations[owner_id].name} store", None, address)


def store(key: str) -> UUID:
    """The site at which a group keeps its things."""
    return made_of("site", made_of("organisation", key), "store")


def desk(world: World, site_id: UUID) -> UUID:
    """When a group's store is open."""
    owner_id = world.sites[site_id].owner_id
    hours = calendars.all_year(
        world.today, "mon-fri 09:00-19:00, sat 09:00-13:00", holidays=calendars.SHORT_ON_HOLIDAYS
    )
    return world.timetable(owner_id, "desk", hours, name="Store")


def transport(world: World, site_id: UUID) -> None:
    """Two minibuses, and a van."""
    world.asset(
        site_id,
        "minibuses",
        desk(world, site_id),
        kind="vehicle",
        category="minibus",
        title="Minibuses with a lift",
        description="Sixteen seats, or twelve and two wheelchairs.",
        features=["tail_lift", "wheelchair_restraints", "step_free", "heating"],
        capacity=16,
        units=2,
        details={"kind": "vehicle", "seats": 16, "wheelchair_places": 2, "fuel": "diesel", "licence": "D1"},
        terms=offers.terms(
            6000,
            3000,
            per="day",
            longest_minutes=4320,
            step_minutes=30,
            turnaround_after_minutes=60,
            requires=["midas"],
        ),
    )
    offers.vehicle(world, site_id, "Long van", "van", seats=3, hours="mon-sat 07:30-19:00")


def lent(world: World, site_id: UUID, *, dozens: int) -> None:
    """Tables, chairs, gazebos, a sound system, and pans for those whom the owner knows."""
    timetable_id = desk(world, site_id)
    things = (
        ("tables", 12 * dozens, "Folding tables by the dozen", 60, ["stackable"]),
        ("chairs", 48 * dozens, "Folding chairs", 20, ["stackable"]),
        ("gazebo", 2 * dozens, "Gazebos, 3 × 3 m", 900, ["weatherproof", "carry_case"]),
        ("sound_system", dozens, "Loudspeakers and two microphones", 1800, ["pat_tested", "instructions_included"]),
        ("cooking_equipment", dozens, "Pans and an urn for a hundred", 700, ["instructions_included"]),
    )
    for category, units, title, pence, features in things:
        given: dict[str, Any] = {"units": units, "title": title, "pence": pence, "features": features}
        if category == "cooking_equipment":
            given |= {"approval": True, "recallable": True}
        if category == "tables":
            given |= {"longest_minutes": None}
        offers.equipment(world, site_id, timetable_id, category, **given)


def people(world: World, owner_id: UUID) -> None:
    """Volunteers, each at home: a district's centre, not anybody's house."""
    for district in HOMES:
        for category, title, skills, weeks in PEOPLE:
            key = f"{district} {category}"
            address = Address(town=town_of(district), postcode=district)
            home_id = world.site(owner_id, key, f"A volunteer's home in {district}", None, address, private=True)
            hours = calendars.all_year(world.today, *weeks, holidays=calendars.CLOSED_ON_HOLIDAYS)
            world.asset(
                home_id,
                key,
                world.timetable(owner_id, key, hours),
                kind="people",
                category=category,
                title=f"{title}, {town_of(district)}",
                description="Gives some hours each week to groups near by.",
                features=offers.some(("own_tools", "own_transport", "home_visits", "online"), key),
                details={
                    "kind": "people",
                    "skills": skills,
                    "checks": ["dbs_basic"] if chance.likely(0.7, "dbs", key) else ["dbs_enhanced"],
                    "travels_m": chance.pick((3000, 8000, 15000), "travels", key),
                },
                terms=offers.terms(
                    None, notice_minutes=1440, longest_minutes=480, step_minutes=30, requires=["public_liability"]
                ),
            )
