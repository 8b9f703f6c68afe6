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
    lon: FromQuery[Longitude | None] = None,
    lat: FromQuery[Latitude | None] = None,
    postcode: FromQuery[ShortText | None] = None,
    within_m: FromQuery[Annotated[int, Meta(ge=1, le=200_000)]] = 10_000,
    starts_at: FromQuery[Instant | None] = None,
    ends_at: FromQuery[Instant | None] = None,
    weeks: FromQuery[Annotated[int, Meta(ge=1, le=53)]] = 1,
    at_least: FromQuery[Annotated[int, Meta(ge=1, le=53)] | None] = None,
    kind: FromQuery[AssetKind | None] = None,
    category: FromQuery[ShortText | None] = None,
    features: FromQuery[Annotated[list[ShortText], Meta(max_length=10)] | None] = None,
    attendees: FromQuery[Annotated[int, Meta(ge=1, le=1_000_000)] | None] = None,
    units: FromQuery[Annotated[int, Meta(ge=1, le=10_000)]] = 1,
    price: FromQuery[Literal["free"] | None] = None,
    owner_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> SearchAnswer:
    """The nearest assets that fit; with a period, those that can be booked for it.

    With `weeks` the wall-clock period is repeated weekly in each site's own zone and at least `at_least` of the
    occurrences must be free. Requirements of the booker are tested when a token says who it is.
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
