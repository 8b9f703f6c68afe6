"""What may become of an occurrence, as a picture: the table of transitions drawn like a patch bay.

States stand below one another, first those that occupy. What changes a state leaves it on the right, by its name, and
runs down or up a lane of its own to what it becomes. The picture is narrow, so that a telephone shows it legibly.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import chain
from typing import Literal, get_args

import msgspec

from domain import permissions
from domain.occurrences import OccurrenceState
from domain.transitions import ACTIONS, AT_FIRST, BY_ITSELF, OCCUPYING, States

Side = Literal["from", "to"]
Who = Literal["booker", "owner", "either", "clock"]

BIRTH, LEFT, WIDTH = 14, 32, 92  # x of the line of what is asked for; of boxes; their width
EDGE = LEFT + WIDTH
ROW, PAD, GAP = 17, 6, 12  # heights: what leaves or reaches a box, above and below that, between boxes
TOP, LANE, BEND, LEAST = 44, 15, 5, 300
TAKEN, FREE = ("#e2f3e6", "#4c8f5d"), ("#eff0f2", "#9aa1a9")  # inside and edge
INK: Mapping[Who, str] = {"booker": "#1a5fb4", "owner": "#a8480a", "either": "#7b3fa8", "clock": "#5e6670"}
LEGEND: Mapping[Who, str] = {
    "booker": "the booker",
    "owner": "the owner",
    "either": "either of them",
    "clock": "the clock",
}
STYLE = """text{font:12px system-ui,sans-serif}
.state{font:13px ui-monospace,Menlo,Consolas,monospace}
path{fill:none;stroke-width:1.6}
.halo{stroke:#fff;stroke-width:5}"""


class Wire(msgspec.Struct, frozen=True):
    """One change: from each of some states to each of others."""

    name: str
    who: Who
    sources: tuple[OccurrenceState, ...]
    targets: tuple[OccurrenceState, ...]


class Box(msgspec.Struct, frozen=True):
    """Where a state stands."""

    state: OccurrenceState
    top: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


class Port(msgspec.Struct, frozen=True):
    """Where a wire leaves a state or reaches it."""

    wire: Wire
    side: Side
    y: float


def wires() -> list[Wire]:
    """The table, sources with the same targets together."""
    drawn = [Wire("by itself", "clock", *each) for each in together(BY_ITSELF)]
    for operation, action in ACTIONS.items():
        drawn += [Wire(named(operation), who(operation), *each) for each in together(action.states)]
    return drawn


def together(states: States) -> Iterator[tuple[tuple[OccurrenceState, ...], tuple[OccurrenceState, ...]]]:
    """Sources and targets, so that each of the ones may become each of the others."""
    for targets in {tuple(sorted(each)): None for each in states.values()}:
        yield tuple(source for source, each in states.items() if tuple(sorted(each)) == targets), targets


def named(operation: str) -> str:
    """An operation in a word or two."""
    words = "".join(f" {each.lower()}" if each.isupper() else each for each in operation)
    return words.removesuffix(" booking")


def who(operation: str) -> Who:
    """Whose operation it is."""
    row = permissions.TABLE[operation]
    return "either" if row.owner and row.booker else "owner" if row.owner else "booker"


def shown(drawn: Sequence[Wire]) -> list[OccurrenceState]:
    """The states that something leads to or from, those that occupy first."""
    met = {*AT_FIRST, *chain.from_iterable((*wire.sources, *wire.targets) for wire in drawn)}
    known: tuple[OccurrenceState, ...] = get_args(OccurrenceState)
    return sorted(met, key=lambda state: (state not in OCCUPYING, known.index(state)))


def lanes(drawn: Sequence[Wire], order: Sequence[OccurrenceState]) -> list[int]:
    """The lane of each wire, the shortest innermost; those that only meet at a state may share one."""
    spans = [sorted(map(order.index, {*wire.sources, *wire.targets})) for wire in drawn]
    used: list[list[tuple[int, int]]] = []
    found = [0] * len(drawn)
    for n in sorted(range(len(drawn)), key=lambda n: spans[n][-1] - spans[n][0]):
        first, last = spans[n][0], spans[n][-1]
        free = (
            lane
            for lane, taken in enumerate([*used, []])
            if all((last <= start or end <= first) and (start, end) != (first, last) for start, end in taken)
        )
        found[n] = next(free)
        used += [[]] if found[n] == len(used) else []
        used[found[n]].append((first, last))
    return found


def ports(
    state: OccurrenceState, drawn: Sequence[Wire], lane: Sequence[int], order: Sequence[OccurrenceState]
) -> list[tuple[Wire, Side]]:
    """What leaves and reaches a state, from above to below, so that wires cross little: what comes from above, near
    lanes first, then what goes below, far lanes first.
    """
    here = order.index(state)
    found: list[tuple[int, int, Wire, Side]] = []
    for wire, at in zip(drawn, lane, strict=True):
        span = [order.index(each) for each in (*wire.sources, *wire.targets)]
        above, below = min(span) < here, max(span) > here
        place = (0, at) if above and not below else (2, -at) if below and not above else (1, at)
        sides: list[tuple[Side, tuple[OccurrenceState, ...]]] = [("to", wire.targets), ("from", wire.sources)]
        found += [(*place, wire, side) for side, states in sides if state in states]
    return [(wire, side) for *_, wire, side in sorted(found, key=lambda each: each[:2])]


def stack(drawn: Sequence[Wire], lane: Sequence[int]) -> tuple[list[Box], list[Port]]:
    """Where the states stand, and where wires meet them."""
    order, boxes, met, y = shown(drawn), list[Box](), list[Port](), float(TOP)
    for state in order:
        if boxes and boxes[-1].state in OCCUPYING and state not in OCCUPYING:
            y += GAP
        rows = ports(state, drawn, lane, order)
        boxes.append(Box(state, y, max(1, len(rows)) * ROW + 2 * PAD))
        met += [Port(wire, side, y + PAD + ROW * (n + 0.5)) for n, (wire, side) in enumerate(rows)]
        y = boxes[-1].bottom + GAP
    return boxes, met


def svg(drawn: Sequence[Wire]) -> str:
    """The picture."""
    lane = lanes(drawn, shown(drawn))
    boxes, met = stack(drawn, lane)
    start = EDGE + 24 + max(long(wire.name) for wire in drawn)
    width, bottom = max(LEAST, round(start + LANE * max(lane) + 16)), boxes[-1].bottom
    size = f'viewBox="0 0 {width} {bottom + 76:g}" width="{width}" height="{bottom + 76:g}"'
    lines = [
        line
        for wire, at in sorted(zip(drawn, lane, strict=True), key=lambda each: -each[1])
        for line in wired(wire, [port for port in met if port.wire == wire], start + LANE * at)
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>What may become of an occurrence</title>",
        f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" rx="8" fill="#fff"/>',
        *born([each.top + each.height / 2 for each in boxes if each.state in AT_FIRST]),
        *lines,
        *chain.from_iterable(map(boxed, boxes)),
        *legend(bottom + 22),
        "</svg>",
    ]
    return "\n".join([*parts, ""])


def wired(wire: Wire, ends: Sequence[Port], x: float) -> Iterator[str]:
    """The line of one change: its lane at x, a branch to each state, arrows where it leads, names where it leaves."""
    ink, dash = INK[wire.who], dashes(wire.who)
    top, bottom = min(port.y for port in ends), max(port.y for port in ends)
    paths = [f"M{x:g} {top + BEND:g}V{bottom - BEND:g}"]
    for port in ends:
        near = EDGE + (11 + long(wire.name) if port.side == "from" else 6)
        bend = BEND if port.y == top else -BEND if port.y == bottom else 0
        turn = f"H{x - BEND:g}Q{x:g} {port.y:g} {x:g} {port.y + bend:g}" if bend else f"H{x:g}"
        paths.append(f"M{near:g} {port.y:g}{turn}")
    yield from (f'<path class="halo" d="{path}"/>' for path in paths)
    yield from (f'<path stroke="{ink}"{dash} d="{path}"/>' for path in paths)
    for port in ends:
        if port.side == "to":
            yield arrow(EDGE + 1, port.y, ink, -1)
        else:
            yield f'<text x="{EDGE + 5}" y="{port.y + 4:g}" fill="{ink}">{escape(wire.name)}</text>'


def long(name: str) -> float:
    """About how long a name is, in letters of 12 px."""
    return sum(4 if letter in "fijlrt " else 10.5 if letter in "mw" else 7.2 for letter in name)


def born(middles: Sequence[float]) -> Iterator[str]:
    """What an occurrence may be at first."""
    ink = INK["booker"]
    yield f'<circle cx="{BIRTH}" cy="22" r="5" fill="{ink}"/><text x="{BIRTH + 12}" y="26" fill="{ink}">book</text>'
    for y in middles:
        path = f"M{BIRTH} 22V{y - BEND:g}Q{BIRTH} {y:g} {BIRTH + BEND} {y:g}H{LEFT - 6}"
        yield f'<path stroke="{ink}" d="{path}"/>{arrow(LEFT - 1, y, ink, 1)}'


def arrow(x: float, y: float, ink: str, towards: int) -> str:
    """The head of an arrow that ends at a point, to the right (1) or to the left (-1)."""
    return f'<path d="M{x:g} {y:g}l{-8 * towards} -4v8z" fill="{ink}" style="stroke:none;fill:{ink}"/>'


def boxed(box: Box) -> Iterator[str]:
    """A state: green while it occupies."""
    fill, edge = TAKEN if box.state in OCCUPYING else FREE
    size = f'x="{LEFT}" y="{box.top:g}" width="{WIDTH}" height="{box.height:g}"'
    middle = f'x="{LEFT + WIDTH / 2:g}" y="{box.top + box.height / 2 + 4.5:g}" text-anchor="middle"'
    yield f'<rect {size} rx="7" fill="{fill}" stroke="{edge}"/>'
    yield f'<text class="state" {middle}>{box.state}</text>'


def legend(top: float) -> Iterator[str]:
    """What colours mean."""
    for n, (who_, text) in enumerate(LEGEND.items()):
        x, y = 14 + 150 * (n % 2), top + 18 * (n // 2)
        yield f'<path stroke="{INK[who_]}"{dashes(who_)} d="M{x} {y:g}h20"/>'
        yield f'<text x="{x + 26}" y="{y + 4:g}" fill="{INK[who_]}">{text}</text>'
    for n, ((fill, edge), text) in enumerate(((TAKEN, "the place is taken"), (FREE, "the place is free"))):
        x, y = 14 + 150 * n, top + 36
        yield f'<rect x="{x}" y="{y - 6:g}" width="20" height="12" rx="3" fill="{fill}" stroke="{edge}"/>'
        yield f'<text x="{x + 26}" y="{y + 4:g}">{text}</text>'


def dashes(who_: Who) -> str:
    """What nobody does is dashed."""
    return ' stroke-dasharray="4 3"' if who_ == "clock" else ""
