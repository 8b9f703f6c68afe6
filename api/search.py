"""What is near and can be booked."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import Meta

import db.search
from api.availability import Units
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import permissions, taxonomy
from domain.callers import Caller
from domain.errors import CursorInvalid, CursorMismatch, Fault, Invalid
from domain.places import Latitude, Longitude
from domain.search import START, Place, Search, SearchAnswer, Searched, answer, find_origin, find_period
from domain.taxonomy import AssetKind
from domain.types import Instant, ShortText

Lon = Annotated[Longitude, Meta(description="Where from: longitude in degrees, with `lat`.", examples=[-2.2426])]
Lat = Annotated[Latitude, Meta(description="Where from: latitude in degrees, with `lon`.", examples=[53.4808])]
Postcode = Annotated[
    ShortText,
    Meta(
        description="Where from, instead of `lon` and `lat`: the centre of the district of a British postcode.",
        examples=["M33 4BX"],
    ),
]
Within = Annotated[int, Meta(ge=1, le=200_000, description="No further away than this, in metres.")]
StartsAt = Annotated[Instant, Meta(description="Start of the period that is wanted; without one: what is there.")]
EndsAt = Annotated[Instant, Meta(description="Its end, at most 366 days later.")]
Weeks = Annotated[
    int,
    Meta(ge=1, le=53, description="The same wall-clock period in so many weeks, counted in each site's own time zone."),
]
AtLeast = Annotated[
    int, Meta(ge=1, le=53, description="In how many of the weeks it must be free; if not given, in all.", examples=[8])
]
Kind = Annotated[AssetKind, Meta(description="Only of this kind.")]
Category = Annotated[ShortText, Meta(description="Only of this category: see /v1/categories.", examples=["hall"])]
Features = Annotated[
    list[ShortText],
    Meta(max_length=10, description="All of these: see /v1/features. Repeat it for each.", examples=[["step_free"]]),
]
Attendees = Annotated[int, Meta(ge=1, le=1_000_000, description="How many people it must hold, all units together.")]
Free = Annotated[Literal["free"], Meta(description="Only what costs the caller nothing; a group's own price counts.")]
OwnerId = Annotated[UUID, Meta(description="Only what this organisation lists.")]
Explain = Annotated[
    bool,
    Meta(description="Also tell, in `failed`, what was near but was not found, and every reason why."),
]


class Position(msgspec.Struct, frozen=True):
    """How far a walk through the results has come, and the moment that all its pages are true at."""

    now: datetime
    place: Place


@get(operation_id="searchAssets", responses=problems(CursorInvalid, CursorMismatch))
async def search(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    lon: FromQuery[Lon | None] = None,
    lat: FromQuery[Lat | None] = None,
    postcode: FromQuery[Postcode | None] = None,
    within_m: FromQuery[Within] = 10_000,
    starts_at: FromQuery[StartsAt | None] = None,
    ends_at: FromQuery[EndsAt | None] = None,
    weeks: FromQuery[Weeks] = 1,
    at_least: FromQuery[AtLeast | None] = None,
    kind: FromQuery[Kind | None] = None,
    category: FromQuery[Category | None] = None,
    features: FromQuery[Features | None] = None,
    attendees: FromQuery[Attendees | None] = None,
    units: FromQuery[Units] = 1,
    price: FromQuery[Free | None] = None,
    owner_id: FromQuery[OwnerId | None] = None,
    explain: FromQuery[Explain] = False,  # noqa: FBT002 - a query's parameter
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> SearchAnswer:
    """The nearest assets that fit; with a period, those that can be booked for it.

    With `weeks` the wall-clock period is repeated weekly in each site's own zone and at least `at_least` of the
    occurrences must be free. Rules about the booker are tested when a token says who it is: to an organisation that
    is not verified yet nothing is free. `explain=true` tells why, and why each near miss was not found. A page is
    true at the moment of the first page; `next` wants the same filters, `explain` among them.
    """
    permissions.allow("searchAssets", caller)
    wanted = Search(
        origin=find_origin(lon, lat, postcode),
        within_m=within_m,
        category=category,
        kind=kind,
        features=features or [],
        attendees=attendees,
        units=units,
        only_free_of_charge=price == "free",
        owner_id=owner_id,
        period=find_period(starts_at, ends_at, weeks),
        weeks=weeks,
        at_least=weeks if at_least is None else at_least,
        explain=explain,
    )
    check(wanted)
    asker = caller.organisation_id if caller else None
    pages = Pages(cursors, "searchAssets", cursor, limit, search=wanted, caller=asker)
    position = pages.position(Position) or Position(now, START)
    looked = await db.search.search(conn, wanted, caller=caller, now=position.now, after=position.place, limit=limit)
    page: Searched = answer(wanted, looked, limit)
    following = page.following and cursors.encode("searchAssets", pages.filters, Position(position.now, page.following))
    return msgspec.structs.replace(page.answer, next=following)


def check(search: Search) -> None:
    """Raises Invalid with every fault that types cannot name."""
    faults = list(taxonomy.unknown(search.features, "features", "?features"))
    if search.category is not None and search.category not in taxonomy.taxonomy().categories:
        faults.append(Fault("?category", taxonomy.no_such(search.category, "categories")))
    if search.at_least > search.weeks:
        faults.append(Fault("?at_least", f"It is at most `weeks`, which is {search.weeks} here."))
    if faults:
        raise Invalid(faults)


router = Router("/search", route_handlers=[search], tags=["search"])
