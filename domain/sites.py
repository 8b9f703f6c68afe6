"""Sites: the places at which assets are."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.errors import Fault, Invalid
from domain.places import Address, Point, Precision, about, centre, normal
from domain.types import Instant, ShortText

PRIVATE_TEXTS = ("name", "address", "point")
ZoneName = Annotated[
    str,
    Meta(
        max_length=100,
        description="An IANA name.",
        examples=["Europe/London"],
        extra={"words": "an IANA time zone such as Europe/London"},
    ),
]


class SiteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site as sent: placed by `point`, or by `address.postcode` alone (the centre of its district).
    `private`: a home, say; others are answered a point within about 1 km and no address.
    """

    name: ShortText
    address: Address | None = None
    point: Point | None = None
    timezone: ZoneName = "Europe/London"
    private: bool = False


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site as answered. `precision` district: the point is the centre of a postcode district."""

    id: UUID
    owner_id: UUID
    name: str
    address: Address | None
    point: Point
    precision: Precision
    timezone: str
    private: bool
    created_at: Instant
    updated_at: Instant


class SitePage(msgspec.Struct, frozen=True):
    """Sites, newest first, and the cursor to the next."""

    items: list[Site]
    next: str | None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A site as it is to be stored: `point` exact, `shown` what others see and search measures to."""

    name: str
    address: Address
    point: Point
    shown: Point
    precision: Precision
    timezone: str
    private: bool


def place(request: SiteRequest, zones: Collection[str], *, people: bool = False) -> Placed:
    """Where a site is. `zones`: the valid names; `people`: some of its assets are people.

    Raises Invalid with every fault at once.
    """
    faults = []
    address = request.address or Address()
    found = request.point or (centre(address.postcode) if address.postcode else None)
    if found is None and address.postcode:
        faults.append(Fault("#/address/postcode", "This postcode's district is not known; send a point."))
    elif found is None:
        faults.append(Fault("#/point", "Send a point, or an address with a postcode."))
    if request.timezone not in zones:
        faults.append(Fault("#/timezone", "No such time zone; send an IANA name such as Europe/London."))
    if people and not request.private:
        faults.append(Fault("#/private", "People are at private sites only, and this one has some: leave it private."))
    if faults or found is None:
        raise Invalid(faults)
    found = normal(found)
    return Placed(
        name=request.name,
        address=address,
        point=found,
        shown=normal(about(found)) if request.private else found,
        precision="point" if request.point else "district",
        timezone=request.timezone,
        private=request.private,
    )


def as_sent(site: Site) -> SiteRequest:
    """The writable document of a site, into which a patch is merged; one placed by postcode has no point."""
    return SiteRequest(
        name=site.name,
        address=site.address,
        point=site.point if site.precision == "point" else None,
        timezone=site.timezone,
        private=site.private,
    )
