"""What can be refused, in words that know nothing of HTTP. `api/problems.py` gives each slug its status.

The first line of a docstring is the problem's title.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

MOST_FAULTS = 100  # of one request; whoever has so many is not helped by more
MOST_TOLD = 3  # of them, in the detail of the problem


class Fault(NamedTuple):
    """One thing wrong with a request: a pointer (`#/periods/0/starts_at` or `?lat`) and a sentence."""

    pointer: str
    detail: str


class Unmet(NamedTuple):
    """What was asked for and cannot be had: enough to look for something else."""

    asset_id: UUID
    owner_id: UUID
    booker_id: UUID
    units: int
    attendees: int | None
    hold: bool


def told(faults: Sequence[Fault]) -> str:
    """The first of them, for whoever reads no further."""
    more = f" `errors` has {len(faults) - MOST_TOLD} more." if len(faults) > MOST_TOLD else ""
    return " ".join(f"{fault.pointer}: {fault.detail}" for fault in faults[:MOST_TOLD]) + more


class Refused(Exception):
    """Something was asked that Fallow does not do. `faults` point at what is wrong; `members` are added to the problem.

    `detail` says more of this one request than the title of its kind; `usual` is what to do about the kind, for when
    there is no more to say.
    """

    slug: ClassVar[str]
    usual: ClassVar[str]
    faults: Sequence[Fault] = ()

    def __init__(self, detail: str | None = None, **members: object) -> None:
        super().__init__(detail or f"{self.title()} {self.usual}")
        self.detail = detail or self.usual
        self.members: dict[str, object] = members

    @classmethod
    def title(cls) -> str:
        """What it means, in a sentence."""
        return (cls.__doc__ or "").partition("\n")[0]


class Malformed(Refused):
    """The request could not be read."""

    slug = "malformed"
    usual = "Send JSON in UTF-8, and a query of name=value pairs."


class Unauthenticated(Refused):
    """A valid token is needed."""

    slug = "unauthenticated"
    usual = "Send the header Authorization: Bearer fallow_…; an admin of your organisation can make a token."


class TokenExpired(Unauthenticated):
    """The token has expired."""

    slug = "token-expired"
    usual = "An admin of your organisation can make another."


class TokenRevoked(Unauthenticated):
    """The token was revoked."""

    slug = "token-revoked"
    usual = "It was ended by an admin of its organisation, who can make another."


class Forbidden(Refused):
    """The caller may not do this."""

    slug = "forbidden"
    usual = "Neither the organisation of the token nor its role allows this."


class Suspended(Refused):
    """The organisation is suspended and can change nothing."""

    slug = "suspended"
    usual = "Until the operator of this service lifts the suspension it reads and changes nothing; ask them."


class Unverified(Refused):
    """The organisation has not been verified yet."""

    slug = "unverified"
    usual = (
        "The operator of this service verifies new organisations. Until then yours can prepare sites, assets and hours,"
        " and neither publishes nor books; GET /v1/me says how it stands."
    )


class NotFound(Refused):
    """There is nothing here that the caller may know of."""

    slug = "not-found"
    usual = "It is not there, or it is private to others."


class MethodNotAllowed(Refused):
    """This address does not take this method."""

    slug = "method-not-allowed"
    usual = "The header Allow lists those that it does."

    def __init__(self, detail: str | None = None, *, allow: str = "") -> None:
        super().__init__(detail)
        self.allow = allow


class NotAcceptable(Refused):
    """The answer cannot be given in a form that the caller accepts."""

    slug = "not-acceptable"
    usual = "Send Accept: application/json."


class NotBookable(Refused):
    """The request cannot be booked as it is.

    `occurrences` holds every period asked for, the free ones too, each with all that speaks against it. To those that
    are not free `api/deps.py` adds what could be booked instead. `came_free`: something had, and is for those in line.
    """

    came_free = False
    slug = "not-bookable"
    usual = "`occurrences` has every period with all that speaks against it."

    def __init__(self, occurrences: Sequence[Any], unmet: Unmet, detail: str | None = None) -> None:
        self.occurrences = list(occurrences)
        self.unmet = unmet
        super().__init__(detail, occurrences=self.occurrences)


class HoldExpired(NotBookable):
    """The hold has expired, and not all of it can be had any more.

    `occurrences` as with `not-bookable`.
    """

    slug = "hold-expired"
    usual = "Book again; `occurrences` says what cannot be had and why."


class StateDoesNotAllow(Refused):
    """What it is in now does not allow this."""

    slug = "state-does-not-allow"
    usual = "Read it again before going on."


class AssetInUse(Refused):
    """Bookings of this asset are still to come."""

    slug = "asset-in-use"
    usual = "Cancel them first, or pause the asset until they are over."


class NotPublishable(Refused):
    """Something that a listing needs is missing.

    `faults` point at what is missing.
    """

    slug = "not-publishable"
    usual = "`errors` points at it."

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        super().__init__(detail or told(faults))
        self.faults = list(faults)


class SlugTaken(Refused):
    """Another organisation has this slug."""

    slug = "slug-taken"
    usual = "Choose another."
    faults = (Fault("#/slug", "It is another organisation's."),)


class IdentifierTaken(Refused):
    """Another organisation has this identifier."""

    slug = "identifier-taken"
    usual = "If it is yours, ask the operator of this service."
    faults = (Fault("#/identifiers", "One of them is another organisation's."),)


class StillRunning(Refused):
    """The first request with this Idempotency-Key is still running."""

    slug = "still-running"
    usual = "Send the same request again in a moment: it gets the answer of the first."


class PreconditionFailed(Refused):
    """It has changed since the ETag that was sent."""

    slug = "precondition-failed"
    usual = "GET it again, decide again, and send the new ETag as If-Match."


class TooLarge(Refused):
    """The body is larger than 256 KiB."""

    slug = "too-large"
    usual = "Send less at once."


class UnsupportedMediaType(Refused):
    """The body is not JSON by its Content-Type."""

    slug = "unsupported-media-type"
    usual = "Send Content-Type: application/json, in UTF-8."


class Invalid(Refused):
    """The request is not valid.

    `faults` names all of them where the parser allows, up to 100.
    """

    slug = "invalid"
    usual = "`errors` lists what is wrong."

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        self.faults = list(faults)[:MOST_FAULTS]
        super().__init__(detail or told(self.faults))


class PartsCycle(Invalid):
    """An asset would be a part of itself."""

    slug = "parts-cycle"


class HoursOverlap(Invalid):
    """Two seasons share a date."""

    slug = "hours-overlap"


class CursorInvalid(Invalid):
    """The cursor is not one that this service gave, or is too old."""

    slug = "cursor-invalid"


class CursorMismatch(Invalid):
    """The cursor belongs to a list with other filters."""

    slug = "cursor-mismatch"


class KeyReused(Refused):
    """The Idempotency-Key was used with another body."""

    slug = "key-reused"
    usual = "A key is for one request: make a new one for another body, or send the first body again."


class PreconditionRequired(Refused):
    """The current ETag must be sent as If-Match."""

    slug = "precondition-required"
    usual = "GET the hours and send their ETag as If-Match, so that nobody's change is overwritten unseen."


class RateLimited(Refused):
    """Too many requests."""

    slug = "rate-limited"
    usual = "Wait as long as Retry-After says."


class Overloaded(Refused):
    """Fallow cannot answer right now; try again."""

    slug = "overloaded"
    usual = "Nothing was changed; send it again after Retry-After seconds, with the same Idempotency-Key."


class Internal(Refused):
    """Something went wrong here; it has been noted."""

    slug = "internal"
    usual = "Nothing was changed; tell whoever runs this service the request_id."
