"""Near misses: what would help where too few assets meet a need. For each kind of change the smallest that brings one,
in the order of how much of the need it changes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple, TypeVar, get_args
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from domain import needs, shifts
from domain.assets import AssetSummary
from domain.costs import half_up
from domain.errors import Invalid
from domain.hours import DAYS, Day
from domain.needs import Money, NeedRequest, Pattern
from domain.requests import PeriodRequest

ENOUGH = 3  # matches: where there are fewer, it is said what would help
SHIFTS = (30, 60, 120)  # minutes
MOST_BROUGHT = 3
TRIED = 10  # of the assets that a change may bring in, the nearest
HALF_A_DAY = 720

RelaxationKind = Literal["time", "day", "radius", "occurrences", "people", "price", "feature"]
KINDS: tuple[RelaxationKind, ...] = get_args(RelaxationKind)  # of equal changes the first comes first
NAMES: Mapping[Day, str] = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)


class NeedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A merge patch for a need, to be sent as it stands: what it does not change is left out."""

    within_m: int | UnsetType = UNSET
    features: list[str] | UnsetType = UNSET
    periods: list[PeriodRequest] | UnsetType = UNSET
    pattern: Pattern | UnsetType = UNSET
    at_least: int | UnsetType = UNSET
    attendees: int | UnsetType = UNSET
    price_ceiling: Money | UnsetType = UNSET


class Brought(msgspec.Struct, frozen=True):
    """An asset that would match and does not yet."""

    asset: AssetSummary
    distance_m: int


class Relaxation(msgspec.Struct, frozen=True):
    """A change of a need that would help: `patch`, sent to `updateNeed`, makes it. `change`: how much of the need it
    changes, in thousandths. `matches`: how many assets match then; `brings`: of those that do not yet, the nearest
    three.
    """

    kind: RelaxationKind
    text: str
    patch: NeedChange
    change: int
    matches: int
    brings: list[Brought]


class Missed(msgspec.Struct, frozen=True):
    """An asset that suits a need and meets too little of it: how many occurrences."""

    id: UUID
    distance_m: int
    met: int


class Trial(NamedTuple):
    """A change to be tried: how much it changes, what it is in words, and the assets that may meet the need then, the
    nearest first; `tried`: those of them of which one must.
    """

    kind: RelaxationKind
    patch: NeedChange
    share: Fraction
    says: str
    ids: list[UUID]
    tried: list[UUID]


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """An asset that lacks one thing to suit a need; of `feature` and `holds` the one that `kind` is about."""

    id: UUID
    distance_m: int
    step_m: int
    kind: RelaxationKind
    feature: str | None
    holds: int | None


class Dearer(msgspec.Struct, frozen=True):
    """An asset that may meet a need at a higher ceiling."""

    id: UUID
    ceiling: int


class Nearly(NamedTuple):
    """What nearly meets a need. `lacking` is null where it is too much to be tested, `further` goes out to `known_m`.
    Of the nearest that suit: `dearer`, and `earlier`, `later`, `any_day`: what may if its windows were so.
    """

    lacking: list[Lacking] | None
    further: list[Lacking]
    known_m: float
    dearer: list[Dearer]
    earlier: list[UUID]
    later: list[UUID]
    any_day: list[UUID]


def merged(request: NeedRequest, patch: NeedChange) -> NeedRequest:
    """A need as it would be."""
    sent = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return replace(request, **{name: value for name, value in sent.items() if value is not UNSET})


def can_be(request: NeedRequest, now: datetime) -> bool:
    """Whether a need could be stored so."""
    try:
        needs.plan(request, now)
    except Invalid:
        return False
    return True


def ladders(
    request: NeedRequest, missed: Sequence[Missed], nearly: Nearly, unmet: Sequence[int], now: datetime
) -> list[list[Trial]]:
    """What may help, each time from the smallest change to the greatest."""
    suiting = [each.id for each in missed]
    found = [
        radius(request, nearly.further, nearly.known_m),
        time(request, nearly, suiting, unmet),
        day(request, nearly, suiting),
        occurrences(request, missed, len(unmet)),
        people(request, nearly.lacking or ()),
        price(request, nearly.dearer, suiting),
        *features(request, nearly.lacking or ()),
    ]
    tried = ([each for each in trials if each.tried and can_be(merged(request, each.patch), now)] for trials in found)
    return [trials for trials in tried if trials]


def radius(request: NeedRequest, further: Iterable[Lacking], known_m: float) -> Iterator[Trial]:
    """To look further, in whole 100 m."""
    for metres, ids in sorted(grouped((each.step_m, each.id) for each in further).items()):
        if metres <= known_m:
            more = Fraction(metres - request.within_m, request.within_m)
            says = f"Look up to {metres} m away, not {request.within_m}"
            yield Trial("radius", NeedChange(within_m=metres), more, says, ids, ids[:TRIED])


def features(request: NeedRequest, lacking: Iterable[Lacking]) -> Iterator[list[Trial]]:
    """To do without one of the features: each by itself."""
    alone = Fraction(1, len(set(request.features)) or 1)
    by_feature = grouped((each.feature, each.id) for each in lacking if each.feature is not None)
    for feature, ids in sorted(by_feature.items()):
        rest = [each for each in request.features if each != feature]
        yield [Trial("feature", NeedChange(features=rest), alone, f"Do without {feature}", ids, ids[:TRIED])]


def occurrences(request: NeedRequest, missed: Iterable[Missed], still_open: int) -> Iterator[Trial]:
    """To be content with fewer occurrences: the most first."""
    wanted = min(request.at_least or request.occurrences, still_open)
    for count, ids in sorted(grouped((each.met, each.id) for each in missed if each.met).items(), reverse=True):
        says = f"Be content with {count} of {still_open} occurrences"
        yield Trial("occurrences", NeedChange(at_least=count), Fraction(wanted - count, wanted), says, ids, ids[:TRIED])


def people(request: NeedRequest, lacking: Iterable[Lacking]) -> Iterator[Trial]:
    """To be fewer: the most first."""
    before = request.attendees or 1
    by_size = grouped((each.holds, each.id) for each in lacking if each.holds)
    for holds, ids in sorted(by_size.items(), reverse=True):
        fewer = Fraction(before - holds, before)
        yield Trial("people", NeedChange(attendees=holds), fewer, f"Be {holds} people, not {before}", ids, ids[:TRIED])


def price(request: NeedRequest, dearer: Iterable[Dearer], ids: list[UUID]) -> Iterator[Trial]:
    """To pay more for each occurrence: the least first."""
    if request.price_ceiling is None:
        return
    before, currency = request.price_ceiling.amount, request.price_ceiling.currency
    for amount, tried in sorted(grouped((each.ceiling, each.id) for each in dearer).items()):
        says = f"Pay up to {amount / 100:.2f} {currency} for each occurrence, not {before / 100:.2f}"
        more = Fraction(amount - before, before or amount)
        yield Trial("price", NeedChange(price_ceiling=Money(amount, currency)), more, says, ids, tried)


def time(request: NeedRequest, nearly: Nearly, ids: list[UUID], unmet: Collection[int]) -> Iterator[Trial]:
    """To begin earlier or end later, by the clock of each place: by half an hour, an hour, two."""
    for minutes in SHIFTS:
        for by, tried in ((-minutes, nearly.earlier), (minutes, nearly.later)):
            changed = shifts.shifted(request, by, unmet)
            if changed != request:
                share = Fraction(minutes, HALF_A_DAY)
                yield Trial("time", windows_of(changed), share, said(request, by), ids, tried)


def said(request: NeedRequest, by: int) -> str:
    """A shift in words."""
    word = "earlier" if by < 0 else "later"
    if request.minutes is None:
        return f"Let it be {abs(by)} minutes {word}"
    return f"Let it {'begin' if by < 0 else 'end'} up to {abs(by)} minutes {word}"


def day(request: NeedRequest, nearly: Nearly, ids: list[UUID]) -> Iterator[Trial]:
    """To have it on one more day of the week."""
    for away, name, changed in shifts.other_days(request):
        windows = changed.pattern.windows if changed.pattern else []
        times = ", ".join(f"{each.opens} to {each.closes}" for each in windows if each.day == name)
        says = f"Let it be on a {NAMES[name]} too, {times}"
        yield Trial("day", windows_of(changed), Fraction(away, 7), says, ids, nearly.any_day)


def windows_of(request: NeedRequest) -> NeedChange:
    """The patch that gives a need its windows."""
    if request.pattern is None:
        return NeedChange(periods=request.periods or [])
    return NeedChange(pattern=request.pattern)


def widest(request: NeedRequest) -> tuple[NeedRequest, NeedRequest, NeedRequest] | None:
    """Three needs, met by whatever would meet this one at an earlier time, at a later one, and on another day.

    None where nothing can be said of all at once, as bookings are to be as long as their windows.
    """
    if request.minutes is None:
        return None
    earlier = [-minutes for minutes in SHIFTS]
    return shifts.at_all_times(request, earlier), shifts.at_all_times(request, SHIFTS), shifts.on_all_days(request)


K = TypeVar("K")


def grouped(pairs: Iterable[tuple[K, UUID]]) -> dict[K, list[UUID]]:
    """Assets by what they have in common."""
    found: dict[K, list[UUID]] = defaultdict(list)
    for key, asset_id in pairs:
        found[key].append(asset_id)
    return found


class Helping(NamedTuple):
    """A change that helps: all that would match, and of those what does not yet, the nearest first."""

    trial: Trial
    matches: int
    new: list[UUID]


def choose(helping: Iterable[Helping]) -> list[Helping]:
    """One of each kind, that which brings most, from the least change to the greatest."""
    best: dict[RelaxationKind, Helping] = {}
    for each in helping:
        known = best.get(each.trial.kind)
        if known is None or len(each.new) > len(known.new):
            best[each.trial.kind] = each
    return sorted(best.values(), key=lambda one: (one.trial.share, KINDS.index(one.trial.kind)))


def present(helping: Helping, brings: list[Brought]) -> Relaxation:
    """A change that helps as it is answered."""
    trial, count = helping.trial, helping.matches
    return Relaxation(
        kind=trial.kind,
        text=f"{trial.says}: {count} would match.",
        patch=trial.patch,
        change=half_up(1000 * trial.share),
        matches=count,
        brings=brings,
    )
