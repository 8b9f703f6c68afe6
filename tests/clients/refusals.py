"""What Schemathesis is told of Fallow: which refusals of a request that the schema allows are right, and why.

A refusal that no line here explains is a fault: of the schema, which allows too much, or of the server.
"""

import os
import re
from typing import Any

import schemathesis

# Problems that are about something other than the fields of the request.
BY_SLUG = {
    "cursor-invalid": "A cursor is what a list answered, not any text.",
    "cursor-mismatch": "A cursor goes with the filters that it was given for.",
    "hours-overlap": "Seasons of one timetable share no date.",
    "key-reused": "A key goes with one body.",
    "parts-cycle": "An asset is no part of itself.",
    "precondition-failed": "The ETag is made up.",
    "precondition-required": "Hours that exist are replaced with their ETag, and bookings recalled with a dry run's.",
    "too-large": "Every field is within its limit, but together they are more than 256 KiB.",
}
# How the sentences of 422 `invalid` begin, by why the schema does not say it.
BY_SENTENCE = {
    "which fields go together": (
        r"Send (both|either|exactly one of|at least one of|lon and lat|a point|asset_id or|starts_on and)"
        r"|It (cannot be combined|goes with|is required where)|Hours are given when"
        r"|There is no such field; there are kind"
    ),
    "how fields compare": (
        r"It must (be later than starts_at|be at least|be before|differ from|not be before)|It is at most `weeks`"
        r"|It must be (the currency of|\w+, as the asset's)|At (least|most) ([a-z_]+:|\d+ (days|in one))"
        r"|A (period that is repeated|span as long|day with|whole)|No (closure|period) is longer"
        r"|Occurrences \d+ and \d+ overlap"
        r"|It names every date|The series|An asset cannot be inside itself|That makes"
        r"|(The asset has|Each period takes|It takes) \d+ units"
        r"|It is (among the features|shorter than the)|At most as many as it is for|No window is as long"
    ),
    "how far a need looks ahead": r"All its weeks are past|It(s last week)? ends after the",
    "where a move leads": (
        r"(The first|The one|Occurrence|.{1,80}) would (not end after|be longer than|lie beyond|overlap)"
        r"|The first has begun|What has begun ends now|It has begun, and what is more"
    ),
    "what is there once": r"There is another|It (is (named|there) twice|shares a date|is the same)",
    "how many there are": r"You have \d+ limits",
    "how much is hit": r"It hits \d+ occurrences",
    "what the time is": r"It must be later than now",
    "lists that are data": (
        r"It is not in the published list|This category is for|No such time zone|This (is no British )?postcode"
    ),
    "what is there, and whose": (
        r"(You have|There is|This booking has) no such|The asset (meets|cannot meet)"
        r"|People are at private|(It|One of them) is another organisation's"
    ),
    "that a slug is no id": r"It must not look like an id",
    "instants, for date-time has no range": r'Expected an instant from 1970 to 2200; got "\d{4}-',
    "whole numbers, for JSON Schema takes 2.0 for one": r"Expected a whole number from .*; got \"?-?\d+\.0\b",
    "points, for GeoJSON does not bound its numbers": r"Expected a number from -(90|180) to (90|180)",
    "web addresses, for a pattern cannot tell them all": r"Expected a web address",
    "steps: they divide a day": r"It must divide a day",
    "text: blank is also U+001C to U+001F and U+0085": (
        r'Expected a text of .*, not all of them blank; got "[^"]*(\\u001[c-f]|\x85)'
    ),
    "text: PostgreSQL stores no U+0000": r"The character U\+[0-9A-F]{4} is not allowed",
}
EXPLAINED = re.compile("|".join(BY_SENTENCE.values()))
# What a merge patch leaves out of an object that was not there is missing after all.
OF_A_PATCH = re.compile(r"It is required")


@schemathesis.check
def explained_refusal(_context: Any, response: Any, case: Any) -> None:
    """A request that the schema allows is refused for a reason that is written here."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in {400, 405, 406, 412, 413, 415, 422, 428}:
        return
    problem = response.json()
    if problem["type"].removeprefix("/problems/") in BY_SLUG:
        return
    for fault in problem["errors"] or [problem]:
        if not (EXPLAINED.match(fault["detail"]) or (case.method == "PATCH" and OF_A_PATCH.match(fault["detail"]))):
            raise AssertionError(f"the schema allows it: {fault.get('pointer')}: {fault['detail']}")


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Keep a request from what would hide all others: the end of our own token, made-up ETags, one key for all bodies.

    The fuzzing phase leaves ETags and keys as they are made. Where a header is itself the fault, all are left alone:
    Schemathesis does not take away the token of a request whose headers were changed.
    """
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and case.operation.path == "/v1/tokens/{token_id}" and case.path_parameters:
        case.path_parameters["token_id"] = os.environ["FALLOW_TOKEN"]
    if case.meta is None or case.meta.phase.name != "coverage" or not case.headers:
        return
    if not positive and case.meta.phase.data.parameter_location == "header":
        return
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if positive and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"{case.headers['Idempotency-Key'][:200]}{case.id}"
