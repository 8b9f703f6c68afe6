"""What places offer, invented: rooms and kitchens, vehicles, equipment by the dozen, each with its terms."""

from typing import Any
from uuid import UUID

from domain.assets import AssetState
from fallow.demo import calendars, chance
from fallow.demo.world import World

KITCHEN = ("step_free", "accessible_toilet", "fridge", "oven", "tables_and_chairs")
ROOM = ("wifi", "whiteboard", "screen", "heating", "tables_and_chairs", "natural_light", "step_free", "kitchenette")
VEHICLE = ("satellite_navigation", "heating", "clean_air_zone", "automatic_gearbox", "tow_bar")
FUELS = ("diesel", "electric", "petrol", "hybrid")


def price(amount: int, per: str = "hour") -> dict[str, Any]:
    """So many pence for each hour, day or booking."""
    return {"amount": amount, "currency": "GBP", "per": per}


def terms(amount: int | None, community: int | None = None, *, per: str = "hour", **more: Any) -> dict[str, Any]:
    """Terms with a price, `amount` None: free, and what community groups pay instead."""
    given: dict[str, Any] = {"price": None if amount is None else price(amount, per)}
    if amount is not None and community is not None:
        given["community_price"] = price(community, per)
    return {"step_minutes": 15, "shortest_minutes": 60, "horizon_days": 180, **given, **more}


def some(options: tuple[str, ...], *key: object, share: float = 0.5) -> list[str]:
    """Some of many features."""
    return [each for each in options if chance.likely(share, each, *key)]


def at_station(world: World, site_id: UUID, timetable_id: UUID, name: str, *, tour: bool) -> None:
    """A station's kitchen, or a room; in the tour's brigade both."""
    draw = chance.fraction("station", site_id)
    if tour or draw < 0.42:
        kitchen(world, site_id, timetable_id, f"{name} kitchen", evenings=tour)
    if tour or 0.42 <= draw < 0.78:
        room(world, site_id, timetable_id, f"{name} community room", evenings=tour)
    elif 0.78 <= draw < 0.9:
        room(world, site_id, timetable_id, f"{name} lecture room", category="lecture_room")
    elif draw >= 0.9:
        training_ground(world, site_id, timetable_id, f"{name} drill yard")


def kitchen(world: World, site_id: UUID, timetable_id: UUID, title: str, *, evenings: bool = False) -> UUID:
    """A kitchen to cook for many in."""
    key = ("kitchen", site_id)
    hob = chance.pick(("induction_hob", "gas_hob"), "hob", *key)
    features = [*KITCHEN, hob] if evenings else [*some(KITCHEN, *key, share=0.7), hob]
    return world.asset(
        site_id,
        "kitchen",
        timetable_id,
        evenings=evenings,
        state="listed" if evenings else state(*key),
        kind="space",
        category="kitchen",
        title=title,
        description="A kitchen with room to cook for fifty and a table to eat at.",
        features=[*features, *some(("freezer", "dishwasher", "serving_hatch", "car_park"), *key)],
        capacity=chance.between(8, 30, "capacity", *key),
        details={"kind": "space", "area_m2": chance.between(18, 60, "area", *key)},
        house_rules="Leave it as clean as you found it. If the bells go down, stand clear of the yard doors.",
        terms=terms(
            chance.between(8, 24, "price", *key) * 100,
            0 if evenings else chance.between(0, 6, "community", *key) * 100,
            longest_minutes=360,
            notice_minutes=0 if evenings else chance.pick((0, 720, 1440), "notice", *key),
            turnaround_after_minutes=30,
            requires=["public_liability", "food_hygiene_2"] if evenings else ["food_hygiene_2"],
            cancel_notice_minutes=1440,
        ),
        arrival={
            "meet": "Ring at the front office.",
            "entry": "By the side gate; the engines leave at the front.",
            "parking": "Visitors' bays only.",
            "code": f"{chance.between(1000, 9999, 'code', *key)}",
        },
    )


def room(
    world: World,
    site_id: UUID,
    timetable_id: UUID,
    title: str,
    *,
    category: str = "meeting_room",
    evenings: bool = False,
    key: str = "room",
) -> UUID:
    """A room to meet in."""
    seed = (key, site_id)
    holds = chance.between(8, 60, "capacity", *seed)
    layouts = [{"name": "Theatre", "capacity": holds}, {"name": "Boardroom", "capacity": max(4, holds // 2)}]
    return world.asset(
        site_id,
        key,
        timetable_id,
        evenings=evenings,
        state=state(*seed),
        kind="space",
        category=category,
        title=title,
        description="A quiet room with chairs for everybody.",
        features=some(ROOM, *seed),
        capacity=holds,
        details={"kind": "space", "area_m2": 2 * holds, "layouts": layouts},
        terms=terms(
            chance.pick((None, 500, 800, 1200, 1500), "price", *seed),
            chance.pick((0, 300, None), "community", *seed),
            step_minutes=chance.pick((15, 30), "step", *seed),
            longest_minutes=chance.pick((None, 240, 480), "longest", *seed),
            turnaround_after_minutes=chance.pick((0, 15), "turnaround", *seed),
            requires=chance.pick(([], [], ["public_liability"]), "requires", *seed),
        ),
    )


def training_ground(world: World, site_id: UUID, timetable_id: UUID, title: str) -> UUID:
    """A yard with a tower."""
    key = ("yard", site_id)
    return world.asset(
        site_id,
        "yard",
        timetable_id,
        state=state(*key),
        kind="space",
        category="training_ground",
        title=title,
        description="A drill yard, tower out of bounds, for first-aid courses, cycle training and market stalls.",
        features=some(("car_park", "floodlights", "accessible_toilet", "step_free"), *key),
        capacity=chance.between(30, 120, "capacity", *key),
        terms=terms(
            2000, 500, shortest_minutes=120, longest_minutes=600, requires=["public_liability", "risk_assessment"]
        ),
    )


def vehicle(world: World, site_id: UUID, title: str, category: str, *, seats: int, hours: str, **more: Any) -> UUID:
    """A vehicle that is fetched and brought back while its desk is open."""
    key = (category, site_id)
    owner_id = world.sites[site_id].owner_id
    exceptions = calendars.new_year(world.today)
    timetable = calendars.all_year(world.today, hours, holidays=calendars.CLOSED_ON_HOLIDAYS, exceptions=exceptions)
    fuel = chance.pick(FUELS, "fuel", *key)
    minibus = category == "minibus"
    return world.asset(
        site_id,
        category,
        world.timetable(owner_id, f"{category} {site_id}", timetable),
        state=state(*key),
        kind="vehicle",
        category=category,
        title=title,
        description="Fetch it and bring it back while the desk is open; in between it is yours.",
        features=[*some(VEHICLE, *key), *(["electric"] if fuel == "electric" else [])]
        + (some(("tail_lift", "wheelchair_restraints", "step_free"), *key, share=0.6) if minibus else []),
        capacity=seats,
        details={
            "kind": "vehicle",
            "seats": seats,
            "wheelchair_places": chance.between(0, 2, "wheelchairs", *key) if minibus else 0,
            "fuel": fuel,
            "licence": "D1" if minibus else "B",
        },
        terms=terms(
            chance.between(30, 60, "price", *key) * 100,
            chance.between(15, 30, "community", *key) * 100,
            per="day",
            shortest_minutes=120,
            longest_minutes=4320,
            step_minutes=30,
            turnaround_after_minutes=60,
            requires=["midas", "vehicle_insurance"] if minibus else ["vehicle_insurance"],
        ),
        **more,
    )


def brigade_vehicle(world: World, site_id: UUID, brigade: str) -> None:
    """A van at the first station of each brigade."""
    vehicle(world, site_id, f"{brigade} safety van", "van", seats=3, hours="mon-fri 08:00-18:00")


def equipment(
    world: World,
    site_id: UUID,
    timetable_id: UUID,
    category: str,
    *,
    units: int,
    title: str,
    pence: int,
    approval: bool = False,
    recallable: bool = False,
    longest_minutes: int | None = 10080,
    **more: Any,
) -> UUID:
    """Things that are lent by the piece."""
    key = (category, site_id)
    return world.asset(
        site_id,
        category,
        timetable_id,
        state=state(*key),
        kind="equipment",
        category=category,
        title=title,
        units=units,
        details={"kind": "equipment", "delivered": chance.likely(0.3, "delivered", *key)},
        terms=terms(
            pence,
            0,
            per="day",
            shortest_minutes=60,
            longest_minutes=longest_minutes,
            step_minutes=30,
            notice_minutes=60,
            approval=approval,
            approval_hours=8784 if approval else 72,
            recallable=recallable,
        ),
        **more,
    )


def state(*key: object) -> AssetState:
    """Listed, but for a few drafts and a few that are paused."""
    draw = chance.fraction("state", *key)
    return "draft" if draw < 0.006 else "paused" if draw < 0.015 else "listed"
