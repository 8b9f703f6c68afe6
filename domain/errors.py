"""What can be refused, in words that know nothing of HTTP. `api/problems.py` gives each slug its status.

The first line of a docstring is the problem's title.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

MOST_TOLD = 3  # faults that the detail of a problem repeats


class Fault(NamedTuple):
    """One thing wrong with a request: a pointer (`#/periods/0/starts_at` or `?lat`) and a sentence."""

    pointer: str
    detail: str


class Refused(Exception):
    """Something was asked that Fallow does not do. `members` are added to the problem."""

    slug: ClassVar[str]

    def __init__(self, detail: str | None = None, **members: object) -> None:
        super().__init__(detail or self.title())
        self.detail = detail or self.title()
        self.members: dict[str, object] = members

    @classmethod
    def title(cls) -> str:
        """What it means, in a sentence."""
        return (cls.__doc__ or "").partition("\n")[0]


class Malformed(Refused):
    """The request could not be read."""

    slug = "malformed"


class Unauthenticated(Refused):
    """A valid token is needed."""

    slug = "unauthenticated"


class TokenExpired(Unauthenticated):
    """The token has expired."""

    slug = "token-expired"


class TokenRevoked(Unauthenticated):
    """The token was revoked."""

    slug = "token-revoked"


class Forbidden(Refused):
    """The caller may not do this."""

    slug = "forbidden"


class Suspended(Refused):
    """The organisation is suspended and can change nothing."""

    slug = "suspended"


class Unverified(Refused):
    """The organisation has not been verified yet."""

    slug = "unverified"


class NotFound(Refused):
    """There is nothing here that the caller may know of."""

    slug = "not-found"


class MethodNotAllowed(Refused):
    """This address does not take this method."""

    slug = "method-not-allowed"

    def __init__(self, detail: str | None = None, *, allow: str = "") -> None:
        super().__init__(detail)
        self.allow = allow


class NotAcceptable(Refused):
    """The answer cannot be given in a form that the caller accepts."""

    slug = "not-acceptable"


class NotBookable(Refused):
    """The request cannot be booked as it is.

    `occurrences` holds every period asked for, the free ones too, each with all that speaks against it.
    """

    slug = "not-bookable"

    def __init__(self, occurrences: Sequence[object], detail: str | None = None) -> None:
        super().__init__(detail, occurrences=occurrences)


class HoldExpired(Refused):
    """The hold has expired and the place was taken."""

    slug = "hold-expired"


class StateDoesNotAllow(Refused):
    """What it is in now does not allow this."""

    slug = "state-does-not-allow"


class AssetInUse(Refused):
    """Bookings of this asset are still to come."""

    slug = "asset-in-use"


class NotPublishable(Refused):
    """Something that a listing needs is missing.

    `faults` point at what is missing.
    """

    slug = "not-publishable"

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        super().__init__(detail)
        self.faults = list(faults)


class SlugTaken(Refused):
    """Another organisation has this slug."""

    slug = "slug-taken"


class IdentifierTaken(Refused):
    """Another organisation has this identifier."""

    slug = "identifier-taken"


class StillRunning(Refused):
    """The first request with this Idempotency-Key is still running."""

    slug = "still-running"


class PreconditionFailed(Refused):
    """It has changed since the ETag that was sent."""

    slug = "precondition-failed"


class TooLarge(Refused):
    """The body is larger than 256 KiB."""

    slug = "too-large"


class UnsupportedMediaType(Refused):
    """The body is not JSON by its Content-Type."""

    slug = "unsupported-media-type"


class Invalid(Refused):
    """The request is not valid.

    `faults` names all of them where the parser allows.
    """

    slug = "invalid"

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        super().__init__(detail or told(faults))
        self.faults = list(faults)


def told(faults: Sequence[Fault]) -> str:
    """The first of them, for whoever reads no further."""
    more = f" `errors` has {len(faults) - MOST_TOLD} more." if len(faults) > MOST_TOLD else ""
    return " ".join(f"{fault.pointer}: {fault.detail}" for fault in faults[:MOST_TOLD]) + more


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


class PreconditionRequired(Refused):
    """The current ETag must be sent as If-Match."""

    slug = "precondition-required"


class RateLimited(Refused):
    """Too many requests."""

    slug = "rate-limited"


class Overloaded(Refused):
    """Fallow cannot answer right now; try again."""

    slug = "overloaded"


class Internal(Refused):
    """Something went wrong here; it has been noted."""

    slug = "internal"
