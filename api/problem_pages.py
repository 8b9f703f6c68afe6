"""What each problem means and what to do about it: the pages at /problems/<slug>, paragraphs apart by a blank line."""

from collections.abc import Mapping

PAGES: Mapping[str, str] = {
    "malformed": """
The body is not JSON in UTF-8, it is missing, or the query cannot be decoded.

The detail says where reading stopped. Nothing was changed.
""",
    "unauthenticated": """
This needs a token, and none was sent, or one that Fallow never gave.

Send the header Authorization: Bearer fallow_... An organisation gets its first token when it registers; its
admins make others.
""",
    "token-expired": """
The token was good until its expires_at. An admin of the organisation can make another.
""",
    "token-revoked": """
The token was revoked, or its organisation was closed. An admin of the organisation can make another.
""",
    "forbidden": """
The token is good, but its organisation or its role may not do this. The detail says which.

docs/permissions.md in the source has the whole table of who may do what.
""",
    "suspended": """
The operator has suspended the organisation. It can read, and can change nothing.
""",
    "unverified": """
The operator has not yet verified the organisation, and this is for verified ones.
""",
    "not-found": """
There is no such thing, or it is private to others: the answer is the same, so that nobody can tell.
""",
    "method-not-allowed": """
The address is right and the method is not. The header Allow lists those that are.
""",
    "not-acceptable": """
The header Accept leaves out every form that the answer can have: send application/json.
""",
    "not-bookable": """
At least one of the periods cannot be booked as asked, because of the place, the time, the terms or a limit.

occurrences lists every period of the request, in order. Each says whether it is free and, in why_not, every
rule that speaks against it, with a code, a sentence and numbers.

Nothing was booked. With if_some_unavailable: skip, the periods that are free are booked and the others kept
as skipped.
""",
    "hold-expired": """
The hold ran out, and somebody else has the place by now. Book again.
""",
    "state-does-not-allow": """
The thing is in a state in which this cannot be done; the detail names it. Read it again before going on.
""",
    "asset-in-use": """
Bookings of the asset are still to come. Cancel them first, or pause the asset until they are over.
""",
    "not-publishable": """
The asset lacks something that a listing needs. errors points at each missing field.
""",
    "slug-taken": """
Slugs are unique. Choose another.
""",
    "identifier-taken": """
Another organisation is registered with this identifier. If it is yours, ask whoever runs this service.
""",
    "still-running": """
A request with the same Idempotency-Key has not ended yet. Wait a moment and send the same request again: it
will get the first answer.
""",
    "precondition-failed": """
The ETag in If-Match is not the current one: somebody changed the thing meanwhile. Read it again, decide
again, and send the new ETag.
""",
    "too-large": """
A body has at most 256 KiB.
""",
    "unsupported-media-type": """
Send Content-Type: application/json, for PATCH also application/merge-patch+json.
""",
    "invalid": """
Something in the request is not as the contract says. errors lists all that was found: pointer is a JSON
pointer into the body (#/periods/0/starts_at) or names a parameter (?lat).
""",
    "parts-cycle": """
An asset can be part of another, but not of itself, however many steps lie between.
""",
    "hours-overlap": """
Two seasons of one timetable share a date, so that nobody could tell which hours hold.
""",
    "key-reused": """
The Idempotency-Key was used for another body. A key is for one request: make a new one.
""",
    "cursor-invalid": """
The cursor was not made by this service for this list, or the event feed began anew since. Begin without one.
""",
    "cursor-mismatch": """
The cursor was made for other filters. Send the same filters with it, or begin without one.
""",
    "precondition-required": """
There are hours already. Send their ETag as If-Match, so that nobody's change is overwritten unseen.
""",
    "rate-limited": """
There were too many requests. Wait as long as Retry-After says.
""",
    "overloaded": """
The database is busy or away for the moment. Nothing was changed; try again after Retry-After seconds, with
the same Idempotency-Key.
""",
    "internal": """
Something went wrong on our side. Nothing was changed. Tell whoever runs this service the request_id.
""",
}
