"""What is near, what of it is free, and the body that books it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.assets import AssetKind, AssetSummary
from domain.errors import Fault, Invalid
from domain.places import Point, Precision, centre, normal
from domain.reasons import Reason
from domain.requests import LONGEST, IfSomeUnavailable, PeriodRequest, Repeats
from domain.time import WEEK, Period, check_span


class Origin(msgspec.Struct, frozen=True):
    """Where a search is made from, and how exactly that is known."""

    lon: float
    lat: float
    precision: Precision


class SearchedPeriod(msgspec.Struct, frozen=True):
    """One of the periods asked for, in the asset's own zone."""

    starts_at: datetime
    ends_at: datetime
    free: bool
    units_free: int
    why_not: list[Reason]


class Book(msgspec.Struct, frozen=True):
    """The body of `POST /bookings` that books what was found."""

    asset_id: UUID
    periods: list[PeriodRequest] | None
    repeats: Repeats | None
    units: int
    attendees: int | None
    if_some_unavailable: IfSomeUnavailable


class Match(msgspec.Struct, frozen=True):
    """An asset that fits. `occurrences` is empty and `book` null where no period was asked for."""

    asset: AssetSummary
    distance_m: int
    occurrences: list[SearchedPeriod]
    book: Book | None


class NearMiss(msgspec.Struct, frozen=True):
    """An asset near by that was not found, with every reason: `why_not` what holds whatever the time, `occurrences`
    the periods asked for, each with all that a booking of it would be refused for.
    """

    asset: AssetSummary
    distance_m: int
    why_not: list[Reason]
    occurrences: list[SearchedPeriod]


class SearchAnswer(msgspec.Struct, frozen=True):
    """Nearest first, equally near ones in an order that changes daily. `examined`: how many that fit on paper were
    tested for the periods asked for, at most 1,000 a page, and fewer where these are many or long: no more than
    20,000 days of opening hours are looked up. `cut`: that was the end of this page, which got as far as
    `searched_m`; `next` goes on from there, even when `items` is empty. `failed`, where asked for and on the first
    page only: the nearest 10 that were not found, of the nearest 200 (for many or long periods a fifth of what is
    examined).
    """

    origin: Origin
    items: list[Match]
    failed: list[NearMiss]
    examined: int
    cut: bool
    searched_m: int
    next: str | None


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of a search's results."""

    distance_m: int
    tie: str
    id: UUID


START = Place(-1, "", UUID(int=0))


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for, checked."""

    origin: Origin
    within_m: int
    category: str | None
    kind: AssetKind | None
    features: list[str]
    attendees: int | None
    units: int
    only_free_of_charge: bool
    owner_id: UUID | None
    period: Period | None
    weeks: int
    at_least: int
    explain: bool


def find_origin(lon: float | None, lat: float | None, postcode: str | None) -> Origin:
    """The point itself, or the centre of the postcode's district. Raises Invalid."""
    if postcode is not None and (lon is not None or lat is not None):
        raise Invalid([Fault("?postcode", "Send either lon and lat, or postcode.")])
    if postcode is not None:
        point: Point | None = centre(postcode)
        if point is None:
            raise Invalid([Fault("?postcode", "This is no British postcode that we know; send lon and lat.")])
        return Origin(*point.coordinates, "district")
    if lon is None or lat is None:
        missing = "?lon" if lon is None else "?lat"
        raise Invalid([Fault(missing, "Send lon and lat, or postcode.")])
    return Origin(*normal(Point((lon, lat))).coordinates, "point")


def find_period(starts_at: datetime | None, ends_at: datetime | None, weeks: int) -> Period | None:
    """The period asked for, if any. Raises Invalid."""
    if starts_at is None and ends_at is None:
        return None
    if starts_at is None or ends_at is None:
        missing = "?starts_at" if starts_at is None else "?ends_at"
        raise Invalid([Fault(missing, "Send both starts_at and ends_at, or neither.")])
    check_span(starts_at, ends_at)
    if ends_at - starts_at > LONGEST:
        raise Invalid([Fault("?ends_at", "No period is longer than 366 days.")])
    if weeks > 1 and ends_at - starts_at > WEEK:
        raise Invalid([Fault("?weeks", "A period that is repeated weekly is no longer than a week.")])
    return Period(starts_at, ends_at)


def book(search: Search, asset_id: UUID) -> Book | None:
    """The body that books an asset for what was asked, whatever of it is taken being skipped if that was allowed."""
    if search.period is None:
        return None
    starts_at, ends_at = search.period.starts_at, search.period.ends_at
    once = search.weeks == 1
    return Book(
        asset_id=asset_id,
        periods=[PeriodRequest(starts_at, ends_at)] if once else None,
        repeats=None if once else Repeats(starts_at, ends_at, search.weeks),
        units=search.units,
        attendees=search.attendees,
        if_some_unavailable="skip" if search.at_least < search.weeks else "refuse",
    )


class Looked(msgspec.Struct, frozen=True):
    """What a search came upon: one more match than fits on the page where there is more, and the near misses."""

    matches: Sequence[tuple[Place, Match]]
    failed: list[NearMiss]
    examined: int
    last: Place | None
    exhausted: bool


class Searched(msgspec.Struct, frozen=True):
    """An answer but for its cursor, and the place it goes on from; None at the end."""

    answer: SearchAnswer
    following: Place | None


def answer(search: Search, looked: Looked, limit: int) -> Searched:
    """The first page of what a search came upon."""
    shown = looked.matches[:limit]
    cut = len(looked.matches) <= limit and not looked.exhausted
    if len(looked.matches) > limit:
        following: Place | None = shown[-1][0]
    else:
        following = looked.last if cut else None
    reached = search.within_m if following is None else following.distance_m
    return Searched(
        SearchAnswer(
            origin=search.origin,
            items=[match for _, match in shown],
            failed=looked.failed,
            examined=looked.examined,
            cut=cut,
            searched_m=reached,
            next=None,
        ),
        following,
    )
