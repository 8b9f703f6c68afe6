"""What each problem means, how its answer looks and what to do about it: the pages at /problems/<slug>."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from api import problems
from domain.errors import Fault, Refused, told
from domain.reasons import reason

ASSET = "/v1/assets/01a3e1c2-5f00-7000-8000-000000000001"
BOOKING = "/v1/bookings/01a3e1c2-5f00-7000-8000-000000000002"
HALL = {"starts_at": "2027-06-01T17:00:00Z", "ends_at": "2027-06-01T19:00:00Z"}
BEARER = "Authorization: Bearer fallow_..."
TAKEN = reason(
    "taken",
    passed=False,
    numbers={
        "units": 1,
        "units_free": 0,
        "units_wanted": 1,
        "turnaround_before_minutes": 0,
        "turnaround_after_minutes": 30,
        "occupied_from": "2027-06-01T17:00:00Z",
        "occupied_until": "2027-06-01T19:30:00Z",
    },
    asset_id=UUID(ASSET.removeprefix("/v1/assets/")),
    zone=ZoneInfo("Europe/London"),
)

OTHER_HALL = {
    "asset": {
        "id": "01a3e1c2-5f00-7000-8000-000000000003",
        "owner": {"id": "01a3e1c2-5f00-7000-8000-000000000004", "name": "Sale Library"},
        "site": {
            "id": "01a3e1c2-5f00-7000-8000-000000000005",
            "name": "Sale Library",
            "town": "Sale",
            "point": {"type": "Point", "coordinates": [-2.3203, 53.4249]},
            "timezone": "Europe/London",
        },
        "kind": "space",
        "category": "hall",
        "title": "The reading room",
        "features": ["step_free"],
        "capacity": 40,
        "units": 1,
        "price": None,
        "photo": None,
    },
    **HALL,
    "distance_m": 640,
    "units_free": 1,
}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What happened; the steps out of it, and the request to send; where an example of it came from, and its detail.

    `detail` is None where the title says it all. `errors` are pointers and sentences, `members` what this problem adds.
    """

    meaning: str
    steps: Sequence[str]
    request: str
    instance: str = BOOKING
    detail: str | None = None
    errors: Sequence[tuple[str, str]] = ()
    members: Mapping[str, Any] = {}


PAGES: Mapping[str, Page] = {
    "malformed": Page(
        meaning="The body is not JSON in UTF-8, it is missing, or the query cannot be decoded. Nothing was changed.",
        steps=["Read in detail where reading stopped.", "Check the JSON with a program that parses it, and send it."],
        request='POST /v1/bookings\nContent-Type: application/json\n\n{"asset_id": "...", "periods": [...]}',
        instance="/v1/bookings",
        detail="The body is missing.",
    ),
    "unauthenticated": Page(
        meaning="This needs a token, and none was sent, or one that Fallow never gave.",
        steps=[
            "Send your token in the header Authorization.",
            "An organisation gets its first token when it registers; its admins make others.",
        ],
        request=f"GET /v1/me\n{BEARER}",
        instance="/v1/me",
    ),
    "token-expired": Page(
        meaning="The token was good until its expires_at.",
        steps=["Let an admin of the organisation make another token.", "Send the request again with that one."],
        request=f'POST /v1/tokens\n{BEARER}\n\n{{"name": "Website", "role": "member"}}',
        instance="/v1/me",
    ),
    "token-revoked": Page(
        meaning="The token was revoked, or its organisation was closed.",
        steps=["Let an admin of the organisation make another token.", "Send the request again with that one."],
        request=f'POST /v1/tokens\n{BEARER}\n\n{{"name": "Website", "role": "member"}}',
        instance="/v1/me",
    ),
    "forbidden": Page(
        meaning="The token is good, but its organisation or its role may not do this.",
        steps=[
            "See whom your token speaks for, and its role.",
            "Use a token of the organisation that owns or booked the thing, with the role that detail names.",
        ],
        request=f"GET /v1/me\n{BEARER}",
        instance=ASSET,
    ),
    "suspended": Page(
        meaning="The operator has suspended the organisation. It can read, and can change nothing.",
        steps=["Ask whoever runs this service.", "Until then, read what is yours as before."],
        request=f"GET /v1/bookings\n{BEARER}",
        instance="/v1/bookings",
    ),
    "unverified": Page(
        meaning="The operator has not yet verified the organisation, and this is for verified ones.",
        steps=["Ask whoever runs this service to verify it.", "When state says verified, send the request again."],
        request=f"GET /v1/me\n{BEARER}",
        instance=f"{ASSET}/publish",
    ),
    "not-found": Page(
        meaning="There is no such address or no such thing, or it is private to others: the answer for those two is"
        " the same, so that nobody can tell.",
        steps=[
            "Compare the address with the list in /docs.",
            "Look the id up in a list; ids are never used twice.",
            "If the thing is private, send a token of the organisation that it belongs to.",
        ],
        request=f"GET /v1/assets?limit=20\n{BEARER}",
        instance=ASSET,
    ),
    "method-not-allowed": Page(
        meaning="The address is right and the method is not.",
        steps=["The header Allow of the answer lists the methods that are taken: send one of those."],
        request=f'PATCH {ASSET}\n{BEARER}\n\n{{"title": "The large hall"}}',
        instance=ASSET,
    ),
    "not-acceptable": Page(
        meaning="The header Accept leaves out every form that the answer can have.",
        steps=["Send the request again with the form that detail names, or without Accept."],
        request="GET /v1/assets\nAccept: application/json",
        instance="/v1/assets",
        detail="Accept application/json.",
    ),
    "not-bookable": Page(
        meaning="At least one of the periods cannot be booked as asked, because of the place, the time, the terms or a"
        " limit. occurrences lists every period of the request, in order. Each says whether it is free and, in"
        " why_not, every rule that speaks against it; alternatives has what could be booked instead, the asset at"
        " another time or others near by at the same time. Nothing was booked.",
        steps=[
            "Read why_not of every occurrence that is not free.",
            "Send one of its alternatives: starts_at and ends_at as a period, and the id of its asset as asset_id.",
            "Or ask by which rules another period fails, and what would work near it.",
            "Or send if_some_unavailable: skip: the free periods are booked, the others kept as skipped.",
            "Or wait in line for what is taken, POST /v1/waiting: when it comes free, you may be offered it.",
            "If it is you whom it is offered to, GET /v1/offers has it: accept that.",
        ],
        request=f"GET {ASSET}/explain?starts_at={HALL['starts_at']}&ends_at={HALL['ends_at']}",
        instance="/v1/bookings",
        detail=TAKEN.text,
        members={
            "occurrences": [
                {**HALL, "free": False, "why_not": [msgspec.to_builtins(TAKEN)], "alternatives": [OTHER_HALL]}
            ]
        },
    ),
    "hold-expired": Page(
        meaning="The hold ran out, and somebody else has the place by now.",
        steps=[
            "Read in occurrences what cannot be had, and book one of its alternatives.",
            "Or ask when the asset is free.",
            "Confirm a hold before its hold_expires_at.",
        ],
        request=f"GET {ASSET}/availability?starts_at=2027-06-01T00:00:00Z&ends_at=2027-06-08T00:00:00Z",
    ),
    "state-does-not-allow": Page(
        meaning="The thing is in a state in which this cannot be done; detail names it.",
        steps=["Read the thing again.", "A booking lists in may what can be done with it now."],
        request=f"GET {BOOKING}\n{BEARER}",
        instance=f"{BOOKING}/cancel",
        members={"states": ["held", "pending", "confirmed"]},
    ),
    "asset-in-use": Page(
        meaning="Bookings of the asset are still to come, or parts of it are not archived, or more of its units are"
        " booked than would be left. detail says what is in the way, and until when.",
        steps=["List the bookings, and cancel them first.", "Or pause the asset until they are over, and go on then."],
        request=f"POST {ASSET}/pause\n{BEARER}",
        instance=f"{ASSET}/archive",
        detail="2 occurrences are to come, until Monday 5 July 2027, 21:00 (Europe/London): cancel, or pause the asset"
        " until then.",
    ),
    "not-publishable": Page(
        meaning="The asset lacks something that a listing needs. errors points at each missing field.",
        steps=["Add what errors names: a description by PATCH, hours by PUT.", "Publish again."],
        request=f'PATCH {ASSET}\n{BEARER}\n\n{{"description": "A kitchen for twelve cooks."}}',
        instance=f"{ASSET}/publish",
        errors=[("#/description", "Describe it first.")],
    ),
    "slug-taken": Page(
        meaning="Slugs are unique, and another organisation has this one.",
        steps=["Choose another slug, and send the request again."],
        request='POST /v1/organisations\n\n{"name": "Sale Supper Club", "slug": "sale-supper-club", "kind": "group"}',
        instance="/v1/organisations",
    ),
    "identifier-taken": Page(
        meaning="Another organisation is registered with this identifier.",
        steps=[
            "Look whether yours is registered already.",
            "If the identifier is yours, ask whoever runs this service.",
        ],
        request="GET /v1/organisations?q=supper",
        instance="/v1/organisations",
    ),
    "still-running": Page(
        meaning="A request with the same Idempotency-Key has not ended yet.",
        steps=["Wait a moment.", "Send the same request with the same key again: it gets the first answer."],
        request=f"POST /v1/bookings\n{BEARER}\nIdempotency-Key: 7f1c-as-before\n\n(the same body)",
        instance="/v1/bookings",
    ),
    "precondition-failed": Page(
        meaning="The ETag in If-Match is not the current one: somebody was faster. Nothing was changed.",
        steps=["Read the thing again.", "Decide again, and send the new ETag."],
        request=f"GET {ASSET}\n{BEARER}",
        instance=ASSET,
    ),
    "too-large": Page(
        meaning="A body has at most 256 KiB.",
        steps=["Send less at once: several requests, or shorter texts."],
        request=f'POST /v1/bookings\n{BEARER}\n\n{{"asset_id": "...", "periods": [...]}}',
        instance="/v1/bookings",
    ),
    "unsupported-media-type": Page(
        meaning="The header Content-Type does not say that the body is JSON.",
        steps=["Send Content-Type: application/json, for PATCH also application/merge-patch+json."],
        request=f'PATCH {ASSET}\n{BEARER}\nContent-Type: application/json\n\n{{"title": "The large hall"}}',
        instance=ASSET,
    ),
    "invalid": Page(
        meaning="Something in the request is not as the contract says. errors lists all that was found: pointer is a"
        " JSON pointer into the body (#/periods/0/starts_at) or names a parameter (?lat).",
        steps=["Mend each place that errors points at.", "Send the request again."],
        request="GET /v1/search?postcode=M33&starts_at=2027-06-01T17:00:00Z&ends_at=2027-06-01T19:00:00Z",
        instance="/v1/search",
        errors=[("?ends_at", "Send both starts_at and ends_at, or neither.")],
    ),
    "parts-cycle": Page(
        meaning="An asset can be part of another, but not of itself, however many steps lie between.",
        steps=["Follow part_of from the asset upwards to see what it is part of.", "Choose a whole outside of it."],
        request=f"GET {ASSET}",
        instance=ASSET,
        errors=[("#/part_of", "An asset cannot be inside itself.")],
    ),
    "hours-overlap": Page(
        meaning="Two seasons of one timetable share a date, so that nobody could tell which hours hold.",
        steps=["End one season on the day before the next begins.", "Send the hours again; dry_run: true tries them."],
        request=f'PUT {ASSET}/hours\n{BEARER}\n\n{{"dry_run": true, "seasons": [...]}}',
        instance=f"{ASSET}/hours",
        errors=[("#/seasons/1", "It shares dates with another season.")],
    ),
    "key-reused": Page(
        meaning="The Idempotency-Key was used for another body. A key is for one request.",
        steps=["Make a new key, such as a UUID, for every new request.", "Keep it only to send the same again."],
        request=f"POST /v1/bookings\n{BEARER}\nIdempotency-Key: (a new one)\n\n(the body)",
        instance="/v1/bookings",
    ),
    "cursor-invalid": Page(
        meaning="The cursor was not made by this service for this list, or the event feed began anew since.",
        steps=["Begin without a cursor (events: without after).", "Go on with next of each answer, unchanged."],
        request="GET /v1/assets?limit=20",
        instance="/v1/assets",
        errors=[("?cursor", "This is no cursor of ours. Begin without one.")],
    ),
    "cursor-mismatch": Page(
        meaning="The cursor was made for other filters.",
        steps=["Send the filters of the first page with it.", "Or begin without a cursor."],
        request="GET /v1/assets?category=hall&limit=20",
        instance="/v1/assets",
        errors=[("?cursor", "Send the filters of the page that gave this cursor.")],
    ),
    "precondition-required": Page(
        meaning="There are hours already, and nobody's change is to be overwritten unseen; or bookings are to be"
        " recalled, and it was not looked at first which.",
        steps=[
            "Read the hours, and keep the header ETag; with recall, send the same with dry_run and keep its ETag.",
            "Send it as If-Match with the change.",
        ],
        request=f"GET {ASSET}/hours",
        instance=f"{ASSET}/hours",
    ),
    "rate-limited": Page(
        meaning="There were too many requests.",
        steps=["Wait as many seconds as the header Retry-After says.", "Send the request again."],
        request="(the same request)",
    ),
    "overloaded": Page(
        meaning="The database is busy, full or away for the moment. Nothing was changed, unless detail says otherwise.",
        steps=["Wait as many seconds as Retry-After says.", "Send the same again, with the same Idempotency-Key."],
        request="(the same request)",
    ),
    "internal": Page(
        meaning="Something went wrong on our side. Nothing was changed.",
        steps=["Send the same request once more.", "If it fails again, tell whoever runs this service the request_id."],
        request="(the same request)",
    ),
}


def example(kind: type[Refused]) -> dict[str, Any]:
    """An answer with this problem."""
    page = PAGES[kind.slug]
    return {
        "type": f"/problems/{kind.slug}",
        "title": kind.title(),
        "status": problems.STATUS[kind],
        "detail": page.detail or told([Fault(*each) for each in page.errors]) or kind.usual,
        "instance": page.instance,
        "request_id": "01a3e1c2-5f00-7000-8000-0000000000ff",
        "errors": [{"pointer": pointer, "detail": text} for pointer, text in page.errors],
        **page.members,
    }
