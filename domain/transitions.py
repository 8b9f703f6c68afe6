"""What may become of an occurrence, and by whose doing: the one table.

Refusals, what a caller may do (`may`) and the diagram in the docs are made from it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import StateDoesNotAllow
from domain.occurrences import Occurrence, OccurrenceState
from domain.time import local_time

States = Mapping[OccurrenceState, Sequence[OccurrenceState]]
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Action(msgspec.Struct, frozen=True):
    """An operation that changes occurrences: from which states to which, and how a refusal calls it, in other `words`
    if need be. `early`: how long before their start it begins to be possible; None: at any time.
    """

    participle: str
    states: States
    words: str = ""
    early: timedelta | None = None

    @property
    def event(self) -> str:
        """The type of the event that records it."""
        return f"booking.{self.participle}"

    @property
    def said(self) -> str:
        """What a refusal says that it cannot be."""
        return self.words or self.participle

    def opens(self, occurrence: Occurrence) -> datetime:
        """From when on an occurrence can be changed so."""
        return LONG_AGO if self.early is None else occurrence.starts_at - self.early


ACTIONS: Mapping[str, Action] = {
    "confirmBooking": Action("confirmed", dict.fromkeys(("held", "expired"), ("confirmed", "pending"))),
    "moveBooking": Action(
        "moved", {"held": ("held",), "pending": ("pending", "confirmed"), "confirmed": ("confirmed", "pending")}
    ),
    "retrySkipped": Action("retried", {"skipped": ("held", "pending", "confirmed")}),
    "approveBooking": Action("approved", {"pending": ("confirmed",)}),
    "declineBooking": Action("declined", {"pending": ("declined",)}),
    "cancelBooking": Action("cancelled", dict.fromkeys(("held", "pending", "confirmed"), ("cancelled",))),
    "recallBooking": Action("recalled", dict.fromkeys(("pending", "confirmed"), ("recalled",))),
    "checkIn": Action("checked_in", {"confirmed": ("checked_in",)}, "checked in", timedelta(minutes=30)),
    "reportNoShow": Action("no_show", {"confirmed": ("no_show",)}, "reported as a no-show", timedelta(0)),
}
BY_ITSELF: States = {
    "held": ("expired",),
    "pending": ("lapsed", "confirmed"),
    "confirmed": ("completed", "no_show"),
    "checked_in": ("completed",),
}
AT_FIRST: tuple[OccurrenceState, ...] = ("held", "pending", "confirmed", "skipped")
OCCUPYING: frozenset[OccurrenceState] = frozenset({"held", "pending", "confirmed", "checked_in", "completed"})


def can(operation: str, occurrences: Sequence[Occurrence], now: datetime) -> list[Occurrence]:
    """Those of some occurrences that an operation can change."""
    action = ACTIONS[operation]
    return [each for each in occurrences if each.state in action.states and action.opens(each) <= now]


def choose(operation: str, scope: Sequence[Occurrence], *, named: bool, now: datetime) -> list[Occurrence]:
    """Those in scope that an operation can change. Raises StateDoesNotAllow when there is none, or, where each was
    named, when one is not.
    """
    chosen = can(operation, scope, now)
    if not chosen or (named and len(chosen) < len(scope)):
        action = ACTIONS[operation]
        others = [each for each in scope if each.state not in action.states]
        early = [each for each in scope if each not in chosen and each not in others]
        raise StateDoesNotAllow(
            too_early(action, early[0]) if early and not (named and others) else unlike(action, others),
            states=tuple(action.states),
        )
    return chosen


def unlike(action: Action, occurrences: Sequence[Occurrence]) -> str:
    """That they are in no state that can be changed so."""
    told = ", ".join(sorted({each.state for each in occurrences}))
    return f"It is {told}; only what is {' or '.join(action.states)} can be {action.said}."


def too_early(action: Action, occurrence: Occurrence) -> str:
    """That it is not time yet."""
    return f"It can be {action.said} from {local_time(action.opens(occurrence), ZoneInfo(occurrence.timezone))} on."
