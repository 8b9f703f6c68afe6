"""Assets: the bookable things at a site."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

import domain.hours
import domain.taxonomy
import domain.terms
from domain.errors import Fault
from domain.hours import Hours
from domain.places import Point
from domain.terms import Price, Terms
from domain.time import local_time
from domain.types import Instant, LongText, ShortText, Url

PRIVATE_TEXTS = (
    "title",
    "description",
    "details",
    "photos",
    "house_rules",
    "accessibility",
    "documents",
    "arrival",
)
PEOPLE_AT_PUBLIC_SITE = 'People are at private sites only: name one, or PATCH this site {"private": true}.'
AssetKind = domain.taxonomy.AssetKind
AssetState = Literal["draft", "listed", "paused", "archived"]
Fuel = Literal["petrol", "diesel", "electric", "hybrid", "none"]
People = Annotated[int, Meta(ge=1, le=1_000_000)]

MOST_UNITS = 1000  # of one asset


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to set out a space, and how many people it then holds."""

    name: ShortText
    capacity: People


class SpaceDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="space", tag_field="kind"):
    """What only a space has."""

    area_m2: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    layouts: Annotated[list[Layout], Meta(max_length=20)] = []


class VehicleDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="vehicle", tag_field="kind"):
    """What only a vehicle has; `licence`: the category needed to drive it, such as B or D1; `travels_m`: how far it
    comes with a driver, in metres.
    """

    seats: Annotated[int, Meta(ge=0, le=200)] | None = None
    wheelchair_places: Annotated[int, Meta(ge=0, le=200)] | None = None
    fuel: Fuel | None = None
    licence: ShortText | None = None
    travels_m: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class EquipmentDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="equipment", tag_field="kind"):
    """What only equipment has; `delivered`: whether the owner brings it."""

    delivered: bool | None = None


class PeopleDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="people", tag_field="kind"):
    """What only people have; `checks`: those they passed; `travels_m`: how far they come, in metres."""

    skills: Annotated[list[ShortText], Meta(max_length=50)] = []
    checks: Annotated[list[ShortText], Meta(max_length=20)] = []
    travels_m: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


Details = SpaceDetails | VehicleDetails | EquipmentDetails | PeopleDetails
PLAIN: dict[AssetKind, Details] = {
    "space": SpaceDetails(),
    "vehicle": VehicleDetails(),
    "equipment": EquipmentDetails(),
    "people": PeopleDetails(),
}


class Photo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture, what it shows in words, and who made it."""

    url: Url
    alt: ShortText | None = None
    credit: ShortText | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to read before booking."""

    title: ShortText
    url: Url


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to get in. Private to the owner and the booker of a booking, its `code` until a day before."""

    meet: LongText | None = None
    entry: LongText | None = None
    parking: LongText | None = None
    contact_name: ShortText | None = None
    contact_phone: ShortText | None = None
    code: ShortText | None = None


class AssetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An asset as sent. Its owner is the site's. `details` null: unknown. `timetable_id`: a shared timetable;
    null leaves an asset the hours of its own.
    """

    site_id: UUID
    kind: AssetKind
    category: ShortText
    title: ShortText
    description: LongText | None = None
    features: Annotated[list[ShortText], Meta(max_length=100)] = []
    capacity: People | None = None
    units: Annotated[int, Meta(ge=1, le=MOST_UNITS)] = 1
    part_of: UUID | None = None
    details: Details | None = None
    terms: Terms = Terms()
    photos: Annotated[list[Photo], Meta(max_length=20)] = []
    house_rules: LongText | None = None
    accessibility: LongText | None = None
    documents: Annotated[list[Document], Meta(max_length=20)] = []
    timetable_id: UUID | None = None
    arrival: Arrival | None = None


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as answered. `parts`: the assets directly inside it; `capacity`: people, per unit;
    `arrival` is null to all but the owner.
    """

    id: UUID
    owner_id: UUID
    site_id: UUID
    kind: AssetKind
    category: str
    title: str
    description: str | None
    features: list[str]
    capacity: int | None
    units: int
    part_of: UUID | None
    parts: list[UUID]
    state: AssetState
    details: Details
    terms: Terms
    photos: list[Photo]
    house_rules: str | None
    accessibility: str | None
    documents: list[Document]
    timetable_id: UUID | None
    arrival: Arrival | None
    created_at: Instant
    updated_at: Instant


class AssetPage(msgspec.Struct, frozen=True):
    """Assets, newest first, and the cursor to the next."""

    items: list[Asset]
    next: str | None


class SummaryOwner(msgspec.Struct, frozen=True):
    """Whose it is."""

    id: UUID
    name: str


class SummarySite(msgspec.Struct, frozen=True):
    """Where it is; a private site's point is within about 1 km and its town null."""

    id: UUID
    name: str
    town: str | None
    point: Point
    timezone: str


class AssetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of results shows of an asset; `photo` is its first."""

    id: UUID
    owner: SummaryOwner
    site: SummarySite
    kind: AssetKind
    category: str
    title: str
    features: list[str]
    capacity: int | None
    units: int
    price: Price | None
    photo: Photo | None


class Uses(msgspec.Struct, frozen=True):
    """What still needs an asset: occurrences to come, `until` the end of the last, parts that are not archived, and
    offers that stand, the last until `lapse_at`.
    """

    occurrences: int
    until: datetime | None
    timezone: str
    parts: int
    offers: int = 0
    lapse_at: datetime | None = None


def in_use(uses: Uses) -> str:
    """Why an asset is not archived, and what to do about it; empty where nothing needs it."""
    told = []
    if uses.until:
        many = "1 occurrence is" if uses.occurrences == 1 else f"{uses.occurrences} occurrences are"
        until = local_time(uses.until, ZoneInfo(uses.timezone))
        told.append(f"{many} to come, until {until} ({uses.timezone}): cancel, or pause the asset until then.")
    if uses.lapse_at:
        many = "1 offer of it stands" if uses.offers == 1 else f"{uses.offers} offers of it stand"
        until = local_time(uses.lapse_at, ZoneInfo(uses.timezone))
        told.append(f"{many}, until {until} ({uses.timezone}) at most: wait for the answer, or withdraw it.")
    if uses.parts:
        many = "1 part of it is" if uses.parts == 1 else f"{uses.parts} parts of it are"
        told.append(f"{many} not archived: archive what is inside first.")
    return " ".join(told)


def faults(request: AssetRequest, *, at_private_site: bool) -> Iterator[Fault]:
    """What is wrong with an asset beyond its types."""
    yield from domain.taxonomy.category_faults(request.category, request.kind, "#/category")
    yield from domain.taxonomy.unknown(request.features, "features", "#/features")
    yield from domain.taxonomy.unknown(request.terms.requires, "requirements", "#/terms/requires")
    yield from domain.terms.faults(request.terms)
    if isinstance(request.details, PeopleDetails):
        yield from domain.taxonomy.unknown(request.details.checks, "requirements", "#/details/checks")
    if type(details_of(request)) is not type(PLAIN[request.kind]):
        yield Fault("#/details/kind", f"It must be {request.kind}, as the asset's kind is.")
    if request.kind == "people" and not at_private_site:
        yield Fault("#/site_id", PEOPLE_AT_PUBLIC_SITE)


def details_of(request: AssetRequest) -> Details:
    """Its details; those of its kind with nothing known if none were sent."""
    return PLAIN[request.kind] if request.details is None else request.details


def as_sent(asset: Asset) -> AssetRequest:
    """The writable document of an asset, into which a patch is merged."""
    return AssetRequest(**{name: getattr(asset, name) for name in AssetRequest.__struct_fields__})


def undescribed(asset: Asset) -> list[Fault]:
    """What of its description an asset lacks for being listed."""
    if asset.description:
        return []
    return [Fault("#/description", f'Describe it first: PATCH /v1/assets/{asset.id} {{"description": "…"}}.')]


def never_open(asset: Asset, hours: Hours | None, today: date) -> list[Fault]:
    """What of its hours (null: it has none) an asset lacks for being listed from a local date on."""
    if domain.hours.ever_open(hours, today):
        return []
    if hours is None:
        return [Fault("#/hours", f"It has no hours yet: PUT /v1/assets/{asset.id}/hours, or set its timetable_id.")]
    where = f"timetables/{asset.timetable_id}" if asset.timetable_id else f"assets/{asset.id}/hours"
    return [Fault("#/hours", f"It has hours, but is open on no day from today on: PUT others at /v1/{where}.")]
