"""The small types that many shapes share. What JSON Schema cannot say of them, `domain/strict.py` checks."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from msgspec import Meta

RFC3339 = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?)"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
FIRST_YEAR, LAST_YEAR = 1970, 2200

Instant = Annotated[
    datetime,
    Meta(
        tz=True,
        description="An instant, RFC 3339 with an offset, 1970 to 2200; answered in UTC.",
        examples=["2027-03-02T18:30:00Z"],
    ),
]
LocalDate = Annotated[date, Meta(description="A local date.", examples=["2027-03-02"])]
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
LongText = Annotated[str, Meta(min_length=1, max_length=5000, pattern=r"\S")]
Url = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2000,
        pattern=r"^https?://[^\s/?#]+[^\s]*$",
        examples=["https://example.org/"],
        extra={"words": "a web address such as https://example.org/, of at most 2000 characters"},
    ),
]
Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^\s@]+@[^\s@]+$",
        examples=["hall@example.org"],
        extra={"words": "an e-mail address such as hall@example.org"},
    ),
]
Phone = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=40,
        pattern=r"^[0-9 +()./x-]+$",
        extra={"words": "a telephone number such as +44 161 496 0000"},
    ),
]


def read_instant(text: str) -> datetime:
    """An instant in UTC, cut off at the microsecond. Raises ValueError with a sentence for whoever sent it."""
    found = RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("Expected an instant with seconds and an offset, such as 2027-03-02T18:30:00Z.")
    day, clock, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock[:15]}{'+00:00' if offset in 'Zz' else offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Expected an instant that exists.") from None
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise ValueError("Expected an instant from 1970 to 2200.")
    return moment
