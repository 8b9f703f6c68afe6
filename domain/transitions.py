"""What may become of an occurrence, and by whose doing: the one table.

Refusals, what a caller may do (`may`) and the diagram in the docs are made from it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from domain.errors import StateDoesNotAllow
from domain.occurrences import Occurrence, OccurrenceState

States = Mapping[OccurrenceState, Sequence[OccurrenceState]]


class Action(msgspec.Struct, frozen=True):
    """An operation that changes occurrences: from which states to which, and how a refusal calls it."""

    participle: str
    states: States

    @property
    def event(self) -> str:
        """The type of the event that records it."""
        return f"booking.{self.participle}"


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
}
BY_ITSELF: States = {
    "held": ("expired",),
    "pending": ("lapsed", "confirmed"),
    "confirmed": ("completed",),
    "checked_in": ("completed",),
}
AT_FIRST: tuple[OccurrenceState, ...] = ("held", "pending", "confirmed", "skipped")
OCCUPYING: frozenset[OccurrenceState] = frozenset({"held", "pending", "confirmed", "checked_in", "completed"})


def can(operation: str, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """Those of some occurrences that an operation can change."""
    return [each for each in occurrences if each.state in ACTIONS[operation].states]


def choose(operation: str, scope: Sequence[Occurrence], *, named: bool) -> list[Occurrence]:
    """Those in scope that an operation can change. Raises StateDoesNotAllow when there is none, or, where each was
    named, when one is not.
    """
    chosen = can(operation, scope)
    if not chosen or (named and len(chosen) < len(scope)):
        action = ACTIONS[operation]
        told = ", ".join(sorted({each.state for each in scope if each not in chosen}))
        raise StateDoesNotAllow(
            f"It is {told}; only what is {' or '.join(action.states)} can be {action.participle}.",
            states=tuple(action.states),
        )
    return chosen
