"""The one way in which Fallow says why, or why not: a code, a sentence, numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.time import local_time

INSTANTS = ("_at", "_from", "_until")  # how the names of instants end
UTC_ZONE = ZoneInfo("UTC")

ReasonCode = Literal[
    "closed",
    "taken",
    "too_short",
    "too_long",
    "off_step",
    "too_soon",
    "too_far_ahead",
    "in_the_past",
    "too_few_units",
    "too_small",
    "too_few_attendees",
    "feature_missing",
    "too_far",
    "requirement_missing",
    "requirement_expired",
    "limit_reached",
    "allowance_used",
    "not_listed",
    "unverified",
    "too_dear",
    "share_met",
    "distance",
    "fit",
    "nice_to_have",
    "price",
    "idle",
]


class Reason(msgspec.Struct, frozen=True):
    """One rule that was tested: `code` names it, `numbers` holds what it was tested with."""

    code: ReasonCode
    text: str
    passed: bool
    numbers: dict[str, int | str]
    asset_id: UUID | None


# What is said of a rule that failed, and of one that passed.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "closed": ("It is closed for all or part of this period.", "It is open throughout."),
    "taken": (
        (
            "Only {units_free} of {units} free throughout, {units_wanted} wanted (turnaround:"
            " {turnaround_before_minutes} minutes before, {turnaround_after_minutes} after)."
        ),
        "{units_free} of {units} free throughout.",
    ),
    "too_short": (
        "It lasts {minutes} minutes; the shortest booking is {shortest_minutes}.",
        "It lasts {minutes} minutes, at least {shortest_minutes}.",
    ),
    "too_long": (
        "It lasts {minutes} minutes; the longest booking is {longest_minutes}.",
        "It lasts {minutes} minutes, at most {longest_minutes}.",
    ),
    "off_step": (
        "Bookings start and end on steps of {step_minutes} minutes, counted from local midnight.",
        "It starts and ends on a step of {step_minutes} minutes.",
    ),
    "too_soon": (
        "It must be booked at least {notice_minutes} minutes before it starts.",
        "It starts at least {notice_minutes} minutes from now.",
    ),
    "too_far_ahead": (
        "It can be booked at most {horizon_days} days ahead.",
        "It starts within {horizon_days} days.",
    ),
    "in_the_past": ("It starts in the past.", "It starts in the future."),
    "too_few_units": (
        "{units_wanted} are wanted and there are {units}.",
        "{units_wanted} wanted, and there are {units}.",
    ),
    "too_small": ("It holds {capacity} people; {attendees} would come.", "It is large enough."),
    "too_few_attendees": (
        "It is for at least {min_attendees} people; {attendees} would come.",
        "At least {min_attendees} people would come.",
    ),
    "feature_missing": ("It lacks {feature}.", "It has {feature}."),
    "too_far": ("It is {distance_m} m away, further than {within_m} m.", "It is {distance_m} m away."),
    "requirement_missing": (
        (
            "The booker must hold {requirement}, and its record does not show it; an admin of the booker adds it to"
            " `holds` of the organisation."
        ),
        "The booker holds {requirement}.",
    ),
    "requirement_expired": (
        (
            "The booker's {requirement} counts until {expires_on}, which is before this date; an admin of the booker"
            " renews it in `holds` of the organisation."
        ),
        "The booker holds {requirement}.",
    ),
    "not_listed": ("It is not listed for booking at present.", "It is listed."),
    "unverified": (
        "The booker has not been verified yet; the operator of this service verifies new organisations.",
        "The booker is verified, or the owner approves each booking.",
    ),
    "too_dear": ("It is not free of charge.", "Its price is within what was asked for."),
    "limit_reached": ("A limit that the owner has set is reached.", "Within the owner's limits."),
    "allowance_used": ("Its allowance is used up.", "Within its allowance."),
    **dict.fromkeys(
        ("share_met", "distance", "fit", "nice_to_have", "price", "idle"), ("{points} points.", "{points} points.")
    ),
}
assert set(SENTENCES) == set(get_args(ReasonCode))  # noqa: S101 - a code without a sentence never starts


# What failed, said with more where its numbers hold more: the first whose number is there.
WITH_MORE: Mapping[str, Mapping[str, str]] = {
    "closed": {
        "closure_starts_at": "It is closed from {closure_starts_at} to {closure_ends_at}.",
        "opens_at": "It is closed for all or part of this period; it is open from {opens_at} to {closes_at}.",
    },
    "taken": {
        "occupied_from": (
            "It is taken from {occupied_from} to {occupied_until} (turnaround included: {turnaround_before_minutes}"
            " minutes before, {turnaround_after_minutes} after); {units_free} of {units} free throughout,"
            " {units_wanted} wanted."
        ),
    },
    "limit_reached": {
        "most_minutes": (
            "The owner lets each booker have {most_minutes} minutes a {every} of {of}; {minutes_used} are used,"
            " {minutes_left} left, {minutes_wanted} wanted. It counts anew from {frees_at}."
        ),
        "most_prime_minutes": (
            "The owner lets each booker have {most_prime_minutes} minutes of prime time a {every} of {of};"
            " {minutes_used} are used, {minutes_left} left, {minutes_wanted} wanted. It counts anew from {frees_at}."
        ),
        "most_days_ahead": (
            "The owner lets this booker book {of} at most {most_days_ahead} days ahead;"
            " this can be booked from {frees_at} on."
        ),
        "limit_id": (
            "The owner lets this booker have {most_open_bookings} open bookings of {of} at once;"
            " it has {open_bookings}."
        ),
        "open_holds": "The booker has {open_holds} open holds with this owner; at most {most_open_holds} at once.",
        "hold_again_from": "The booker's hold on this time has just ended; it can hold it from {hold_again_from}.",
        "open_bookings": (
            "The booker has not been verified yet and has {open_bookings} open booking with this owner; until then"
            " at most {most_open_bookings} at once."
        ),
    },
    "allowance_used": {
        "most_minutes": (
            "All bookers together may have it for {most_minutes} minutes a {every}; {minutes_used} are used,"
            " {minutes_left} left, {minutes_wanted} wanted. It counts anew from {frees_at}."
        ),
    },
}


def refused(said: Mapping[str, Any], zone: ZoneInfo | None = None) -> Reason:
    """A rule that failed, from what SQL says of it: code, numbers and, where another asset matters, asset_id."""
    return told({"passed": False, **said}, zone)


def told(said: Mapping[str, Any], zone: ZoneInfo | None) -> Reason:
    """A rule that passed or failed, from what SQL says of it; its sentence tells times by the clocks of the zone."""
    asset_id = UUID(said["asset_id"]) if said.get("asset_id") else None
    return reason(said["code"], passed=said["passed"], numbers=said["numbers"], asset_id=asset_id, zone=zone)


def reason(
    code: ReasonCode,
    *,
    passed: bool,
    numbers: Mapping[str, int | str] | None = None,
    asset_id: UUID | None = None,
    zone: ZoneInfo | None = None,
) -> Reason:
    """A reason with its sentence; `numbers` holds at least what the sentence names."""
    given = {
        name: value.replace("+00:00", "Z") if isinstance(value, str) else value
        for name, value in sorted((numbers or {}).items(), key=as_stored)
    }
    code = "requirement_missing" if code == "requirement_expired" and passed else code  # the rule it passed first
    template = SENTENCES[code][passed]
    if not passed:
        template = next((more for name, more in WITH_MORE.get(code, {}).items() if name in given), template)
    text = template.format_map({name: worded(name, value, zone) for name, value in given.items()})
    return Reason(code=code, text=text, passed=passed, numbers=given, asset_id=asset_id)


def as_stored(number: tuple[str, int | str]) -> tuple[int, str]:
    """The order in which PostgreSQL keeps numbers: what is answered before they are stored has the ETag of later."""
    name, _ = number
    return len(name), name


def worded(name: str, value: int | str, zone: ZoneInfo | None) -> int | str:
    """A number as a sentence says it: an instant as a local time, or in UTC where no zone is known."""
    if isinstance(value, str) and name.endswith(INSTANTS):
        moment = datetime.fromisoformat(value)
        return local_time(moment, zone) if zone else f"{local_time(moment, UTC_ZONE)} UTC"
    return value
