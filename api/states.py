"""The page of states and its picture, docs/states.md and .svg, made from the transitions and the contract."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from api import guides, openapi
from domain import diagram
from domain.occurrences import OccurrenceState
from domain.transitions import ACTIONS, BY_ITSELF

WHO: Mapping[diagram.Who, str] = {"booker": "the booker", "owner": "the owner", "either": "owner or booker"}
OF_ANY_POST = {"still-running"}


class Moment(msgspec.Struct, frozen=True):
    """What becomes of an occurrence by itself: when, and the event that says so."""

    when: str
    event: str


MOMENTS: Mapping[OccurrenceState, Moment] = {
    "expired": Moment("at `hold_expires_at`", "booking.expired"),
    "lapsed": Moment("at `decide_by`, where the terms said `on_deadline: decline`", "booking.lapsed"),
    "confirmed": Moment("at `decide_by`, where the terms said `on_deadline: approve`", "booking.approved"),
    "no_show": Moment("at `check_in_by`, where the terms asked for it", "booking.no_show"),
    "completed": Moment("at its end", "booking.completed"),
}
INTRODUCTION = """# What may become of a booking

Each occurrence of a booking has a state of its own, and an operation may be for one, for this and later ones, or for
all. What may become of an occurrence is one table, `domain/transitions.py`, and this page is made from it.

![The states of an occurrence and what leads from one to another](states.svg)

A line leaves a state by the name of what is done, and its arrows point at what the state may then be. While a state is
green, the occurrence occupies its place and nobody else can have it; what is `skipped` never had one. The `state` of
the booking is the first of `held`, `pending`, `checked_in` and `confirmed` that any occurrence still has, else `ended`;
`may` in each answer says which operations the caller can do now.
"""
BY_CLOCK = """
What happens by itself needs nobody: from that instant on every answer says so, and no place is blocked a second longer.
A worker records the event.
"""


def markdown(document: Mapping[str, Any]) -> str:
    """The page for people, with the refusals that the contract has."""
    operations = {each["operationId"]: each for path in document["paths"].values() for each in path.values()}
    return "\n".join(
        [
            INTRODUCTION,
            "## Operations",
            "",
            "| operation | from | to | by | event | refused with 409 |",
            "|---|---|---|---|---|---|",
            *(line for name in ACTIONS for line in rows(name, operations[name]["responses"]["409"])),
            "",
            "Who of them needs which role: [who may do what](permissions.md). Each also answers the refusals that",
            "everything has; `/problems` lists all, with the way out. A closure or other hours sent with",
            "`recall: true` do what `recallBooking` does to what they stand against.",
            "",
            "## By itself",
            "",
            "| from | to | when | event |",
            "|---|---|---|---|",
            *by_itself(),
            BY_CLOCK,
        ]
    )


def rows(operation: str, conflict: Mapping[str, Any]) -> Iterator[str]:
    """An operation: a line for each set of states that may become the same."""
    action = ACTIONS[operation]
    refusals = sorted({slug for each in conflict["content"].values() for slug in each["examples"]} - OF_ANY_POST)
    for sources, targets in diagram.together(action.states):
        cells = [codes([operation]), codes(sources), codes(targets), WHO[diagram.who(operation)]]
        yield f"| {' | '.join([*cells, codes([action.event]), codes(refusals)])} |"


def by_itself() -> Iterator[str]:
    """What happens with nobody asking."""
    for sources, targets in diagram.together(BY_ITSELF):
        for target in targets:
            moment = MOMENTS[target]
            yield f"| {codes(sources)} | {codes([target])} | {moment.when} | `{moment.event}` |"


def codes(names: Iterable[str]) -> str:
    """Names, as code."""
    return ", ".join(f"`{each}`" for each in names)


def main() -> None:
    """Write both files; no database is needed."""
    from api.app import create_app  # noqa: PLC0415 - app.py serves what this makes
    from api.settings import Settings  # noqa: PLC0415

    app = create_app(Settings(database_url="", database_read_url=""))
    (guides.PROJECT / "docs/states.md").write_text(markdown(openapi.document(app)))
    (guides.PROJECT / "docs/states.svg").write_text(diagram.svg(diagram.wires()))


if __name__ == "__main__":
    main()
