"""Public bodies and community groups: any of them may list, and any may book."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

import domain.taxonomy
from domain.callers import OrganisationKind, OrganisationState, Role
from domain.errors import Fault, StateDoesNotAllow
from domain.tokens import Token
from domain.types import Email, Instant, LocalDate, LongText, Phone, ShortText, Url

Slug = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=63,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Its name in addresses: small letters, digits, single dashes.",
        examples=["sale-community-kitchen"],
        extra={"words": "2 to 63 small letters, digits and single dashes, such as sale-community-kitchen"},
    ),
]
Scheme = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[A-Za-z0-9._-]+$",
        examples=["GB-CHC"],
        extra={"words": "a code of org-id.guide such as GB-CHC"},
    ),
]


class Identifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a register calls it. `scheme` is a code of org-id.guide: GB-CHC, GB-COH, GB-EDU."""

    scheme: Scheme
    id: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A paper or training that it holds; `expires_on`: the last day on which it counts, null for ever."""

    code: ShortText
    expires_on: LocalDate | None = None
    reference: ShortText | None = None


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom to reach."""

    name: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None


class OrganisationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An organisation as sent. `holds` and `contact` are seen by those it has bookings with, and nobody else."""

    slug: Slug
    name: ShortText
    kind: OrganisationKind
    description: LongText | None = None
    website: Url | None = None
    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    holds: Annotated[list[Holding], Meta(max_length=50)] = []
    contact: Contact | None = None


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what an organisation has booked of others: the last 1,000 occurrences that began in the last 365
    days. `booked`: all of these but what it gave back in time; `used`: of them, what it came to; `cancelled_late`: what
    it gave back later than the owner's notice; `no_show`: what it did not come to; `recalled`: what the owner took
    back. The rest has begun just now.
    """

    booked: int
    used: int
    cancelled_late: int
    no_show: int
    recalled: int


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A public body or a group. `holds` and `contact` are private: null to whoever may not see them. So is `record`: it
    is for the organisation itself and for owners that it has booked with; in lists it is null.

    `state` is `unverified` until the operator of this service has verified it: till then it can prepare sites, assets
    and hours, and neither publishes nor books. `suspended`: it reads and changes nothing. `closed`: for good.
    """

    id: UUID
    slug: str
    name: str
    kind: OrganisationKind
    state: OrganisationState
    description: str | None
    website: str | None
    identifiers: list[Identifier]
    holds: list[Holding] | None
    contact: Contact | None
    record: TrackRecord | None
    created_at: Instant
    updated_at: Instant

    def document(self) -> OrganisationRequest:
        """What of it can be written; only its own organisation sees all of it."""
        return OrganisationRequest(
            slug=self.slug,
            name=self.name,
            kind=self.kind,
            description=self.description,
            website=self.website,
            identifiers=self.identifiers,
            holds=self.holds or [],
            contact=self.contact,
        )


class OrganisationPage(msgspec.Struct, frozen=True):
    """Organisations, and the cursor to the next."""

    items: list[Organisation]
    next: str | None


class Registration(msgspec.Struct, frozen=True):
    """A new organisation and, for the only time, the token of its first admin.

    It begins `unverified`: the operator of this service verifies it, and then it can publish and book.
    """

    organisation: Organisation
    token: Token


class Me(msgspec.Struct, frozen=True):
    """Who a token speaks for, and what it may do."""

    organisation: Organisation
    role: Role
    token: Token


def must_stay_verified(before: Organisation, wanted: OrganisationRequest) -> None:
    """Raises StateDoesNotAllow where what the operator has verified would change: `kind` and `identifiers`."""
    if before.state == "unverified":
        return
    if wanted.kind != before.kind or set(wanted.identifiers) != set(before.identifiers):
        raise StateDoesNotAllow(
            f"It is {before.state}; kind and identifiers are what the operator of this service has verified. Ask them"
            " to take the verification back: an organisation that is unverified changes them itself."
        )


PRIVATE_TEXTS = ("name", "description", "website", "holds", "contact", "identifiers")


def faults(request: OrganisationRequest) -> Iterator[Fault]:
    """What is wrong with an organisation beyond its types."""
    try:
        UUID(request.slug)
    except ValueError:
        pass
    else:
        yield Fault("#/slug", "It must not look like an id.")
    schemes = [each.scheme for each in request.identifiers]
    for place, scheme in enumerate(schemes):
        if scheme in schemes[:place]:
            yield Fault(f"#/identifiers/{place}/scheme", "There is another identifier of this scheme.")
    codes = [each.code for each in request.holds]
    for place, code in enumerate(codes):
        if code not in domain.taxonomy.taxonomy().requirements:
            yield Fault(f"#/holds/{place}/code", domain.taxonomy.no_such(code, "requirements"))
        elif code in codes[:place]:
            yield Fault(f"#/holds/{place}/code", "It is there twice.")
