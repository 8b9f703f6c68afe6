"""Matches: assets that meet a need, in an order that can be worked out by hand.

An asset gets points for each of six terms, the share of its weight that it deserves; the sum is its score. Of equal
scores whichever has the smaller hash comes first, so that neither name, age nor id helps anybody.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import md5
from typing import Literal, NamedTuple, TypeAlias, get_args
from uuid import UUID

import msgspec

from domain.assets import AssetKind, AssetSummary
from domain.fairness import Contender
from domain.near_misses import Relaxation
from domain.needs import Money, NeedRequest
from domain.places import Point
from domain.reasons import Reason
from domain.requests import IfSomeUnavailable, PeriodRequest
from domain.terms import Price

Term = Literal["share_met", "distance", "fit", "nice_to_have", "price", "idle"]
WEIGHTS: Mapping[Term, int] = {
    "share_met": 300,
    "distance": 250,
    "fit": 150,
    "nice_to_have": 150,
    "price": 100,
    "idle": 50,
}
assert set(WEIGHTS) == set(get_args(Term))  # noqa: S101 - a term without a weight never starts

Place: TypeAlias = tuple[int, str]  # by most points, then by the smaller hash: what is smaller comes first


class Share(NamedTuple):
    """How much of a weight is deserved: so many of so many."""

    part: int
    of: int


ALL = Share(1, 1)


class MetOccurrence(msgspec.Struct, frozen=True):
    """An occurrence of a need, by its number, and the period that would meet it."""

    number: int
    starts_at: datetime
    ends_at: datetime


class Suitable(msgspec.Struct, frozen=True, kw_only=True):
    """An asset that suits a need, before anybody looks at its time. `price`: what the organisation would pay; `each`:
    the least that an occurrence can come to, in minor units.
    """

    id: UUID
    distance_m: int
    reach_m: int
    capacity: int | None
    features: list[str]
    price: Price | None
    each: int


class Found(Suitable, frozen=True, kw_only=True):
    """One that meets enough of it, with all that its score is made of. `each`: what the dearest occurrence comes to;
    the minutes are those of its units in the four weeks from the first.
    """

    occurrences: list[MetOccurrence]
    open_occurrences: int
    open_minutes: int
    occupied_minutes: int


class MatchBooking(msgspec.Struct, frozen=True):
    """The body of `POST /bookings` that books a match for a need."""

    asset_id: UUID
    need_id: UUID
    periods: list[PeriodRequest]
    units: int
    attendees: int | None
    if_some_unavailable: IfSomeUnavailable


class NeedMatch(msgspec.Struct, frozen=True):
    """An asset that meets a need: how far it is, for which occurrences it can be booked, its points and what for, and
    the body that books it.
    """

    asset: AssetSummary
    distance_m: int
    occurrences: list[MetOccurrence]
    points: int
    reasons: list[Reason]
    book: MatchBooking


class NeedMatchPage(msgspec.Struct, frozen=True):
    """The best first. `examined`: of how many that suit these are the best, at most 1,000 and fewer the longer the
    time; `cut`: there are more, further away than `searched_m`. Narrow the need to see others. `would_help`: where
    fewer than three match, the smallest change of each kind that brings one, the least first; none on other pages.
    """

    items: list[NeedMatch]
    examined: int
    cut: bool
    searched_m: int
    would_help: list[Relaxation]
    next: str | None


class Ranked(msgspec.Struct, frozen=True):
    """An asset found, with its points for each term."""

    found: Found
    reasons: list[Reason]
    place: Place

    @property
    def points(self) -> int:
        """All its points."""
        return -self.place[0]


class Hopeful(NamedTuple):
    """An asset that suits, and the best place that it can come to have, whatever its time."""

    place: Place
    suitable: Suitable


def rank(found: Sequence[Found], request: NeedRequest, need_id: UUID) -> list[Ranked]:
    """What was found, the best first."""
    ranked = []
    for each in found:
        reasons = judge(each, request)
        points = sum(int(reason.numbers["points"]) for reason in reasons)
        ranked.append(Ranked(each, reasons, (-points, tie(need_id, each.id))))
    return sorted(ranked, key=lambda one: one.place)


def by_hope(suitable: Sequence[Suitable], request: NeedRequest, need_id: UUID) -> list[Hopeful]:
    """What suits, the best first if all had every point that depends on the time."""
    dear = WEIGHTS["share_met"] + WEIGHTS["idle"]
    hopeful = []
    for each in suitable:
        points = (
            dear
            + points_for("distance", nearness(each))
            + points_for("fit", filled(each, request))
            + points_for("nice_to_have", had_of(each, request))
            + points_for("price", saved(each, request.price_ceiling))
        )
        hopeful.append(Hopeful((-points, tie(need_id, each.id)), each))
    return sorted(hopeful, key=lambda one: one.place)


def tie(need_id: UUID, asset_id: UUID) -> str:
    """What decides between equal points."""
    return md5(f"{need_id}{asset_id}".encode(), usedforsecurity=False).hexdigest()


def judge(found: Found, request: NeedRequest) -> list[Reason]:
    """The points for each term, and the sentence that says what for."""
    return [
        share_met(found),
        distance(found),
        fit(found, request),
        nice_to_have(found, request),
        price(found, request.price_ceiling),
        idle(found),
    ]


def term(code: Term, share: Share, text: str, **numbers: int | str) -> Reason:
    """A term's reason."""
    points = points_for(code, share)
    return Reason(code, f"{text} {points} of {WEIGHTS[code]} points.", True, {**numbers, "points": points}, None)


def points_for(code: Term, share: Share) -> int:
    """A share of a term's weight."""
    return rounded(WEIGHTS[code], share)


def rounded(amount: int, share: Share) -> int:
    """A share of an amount, rounded half up."""
    return (2 * amount * share.part + share.of) // (2 * share.of)


def share_met(found: Found) -> Reason:
    """How many of the open occurrences it meets."""
    met, of = len(found.occurrences), found.open_occurrences
    return term("share_met", Share(met, of), f"It meets {met} of {of}.", met=met, wanted=of)


def nearness(suitable: Suitable) -> Share:
    """How near it is, of as far as it may be."""
    return Share(max(suitable.reach_m - suitable.distance_m, 0), suitable.reach_m)


def distance(found: Found) -> Reason:
    """What that is in points."""
    text = f"It is {found.distance_m} m away, of at most {found.reach_m}."
    return term("distance", nearness(found), text, distance_m=found.distance_m, within_m=found.reach_m)


def filled(suitable: Suitable, request: NeedRequest) -> Share:
    """How much of what it holds would be used: a hall for 200 is wasted on eight."""
    if request.attendees is None or suitable.capacity is None:
        return ALL
    return Share(request.attendees, suitable.capacity * request.units)


def fit(found: Found, request: NeedRequest) -> Reason:
    """What that is in points."""
    share = filled(found, request)
    if share is ALL:
        return term("fit", share, "How many come, or how many it holds, was not said.")
    text = f"It holds {share.of}; {share.part} would come."
    return term("fit", share, text, attendees=share.part, capacity=share.of)


def had_of(suitable: Suitable, request: NeedRequest) -> Share:
    """How much of what would be nice it has."""
    wanted = request.nice_to_have
    return Share(sum(each in suitable.features for each in wanted), len(wanted)) if wanted else ALL


def nice_to_have(found: Found, request: NeedRequest) -> Reason:
    """What that is in points."""
    share = had_of(found, request)
    if share is ALL:
        return term("nice_to_have", share, "Nothing more was asked for.", had=0, wanted=0)
    had = [each for each in request.nice_to_have if each in found.features]
    text = f"It has {', '.join(had) or 'none'} of what would be nice."
    return term("nice_to_have", share, text, had=share.part, wanted=share.of)


def saved(suitable: Suitable, ceiling: Money | None) -> Share:
    """How much less an occurrence costs than it may; half where it costs and no ceiling was said."""
    if suitable.price is None or suitable.each == 0:
        return ALL
    return Share(1, 2) if ceiling is None else Share(max(ceiling.amount - suitable.each, 0), max(ceiling.amount, 1))


def price(found: Found, ceiling: Money | None) -> Reason:
    """What that is in points."""
    share = saved(found, ceiling)
    if found.price is None or share is ALL:
        return term("price", share, "It is free.", amount=0)
    currency = found.price.currency
    text = f"It costs {found.each / 100:.2f} {currency} for each occurrence."
    return term("price", share, text, amount=found.each, currency=currency)


def idle(found: Found) -> Reason:
    """How much of its time nobody else uses."""
    if not found.open_minutes:
        return term("idle", Share(0, 1), "It is not open in those four weeks.", open_minutes=0, occupied_minutes=0)
    used = min(found.occupied_minutes, found.open_minutes)
    text = f"It is taken for {rounded(100, Share(used, found.open_minutes))} % of the time in four weeks."
    numbers = {"open_minutes": found.open_minutes, "occupied_minutes": found.occupied_minutes}
    return term("idle", Share(found.open_minutes - used, found.open_minutes), text, **numbers)


def book(found: Found, request: NeedRequest, need_id: UUID) -> MatchBooking:
    """The body that books it, for as many as it must at least."""
    enough = request.at_least is not None and request.at_least < len(found.occurrences)
    return MatchBooking(
        asset_id=found.id,
        need_id=need_id,
        periods=[PeriodRequest(each.starts_at, each.ends_at) for each in found.occurrences],
        units=request.units,
        attendees=request.attendees,
        if_some_unavailable="skip" if enough else "refuse",
    )


def present(ranked: Ranked, asset: AssetSummary, request: NeedRequest, need_id: UUID) -> NeedMatch:
    """A match as it is answered."""
    return NeedMatch(
        asset=asset,
        distance_m=ranked.found.distance_m,
        occurrences=ranked.found.occurrences,
        points=ranked.points,
        reasons=ranked.reasons,
        book=book(ranked.found, request, need_id),
    )


class Met(msgspec.Struct, frozen=True):
    """A need that an asset meets: whose it is, what they hold of the owner, and for which occurrences."""

    need_id: UUID
    contender: Contender
    distance_m: int
    occurrences: list[MetOccurrence]


class Seen(msgspec.Struct, frozen=True):
    """The same with what is asked for, and about where."""

    met: Met
    request: NeedRequest
    about: Point

    @property
    def contender(self) -> Contender:
        """Whose it is."""
        return self.met.contender


class AssetNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A need that an asset meets, as its owner sees it: not whose it is, and only about where, within about 1 km, from
    where `distance_m` is measured too. `place`: where it stands among those that want the asset; `minutes_held`: what
    its organisation holds at this owner already.
    """

    need_id: UUID
    place: int
    minutes_held: int
    category: str | None
    kind: AssetKind | None
    features: list[str]
    nice_to_have: list[str]
    attendees: int | None
    units: int
    about: Point
    distance_m: int
    purpose: str | None
    occurrences: list[MetOccurrence]


class AssetNeedPage(msgspec.Struct, frozen=True):
    """Needs that an asset meets, in the fair order, and the cursor to the next."""

    items: list[AssetNeed]
    next: str | None


def as_seen(seen: Seen, place: int) -> AssetNeed:
    """A need as the owner of an asset sees it."""
    request = seen.request
    return AssetNeed(
        need_id=seen.met.need_id,
        place=place,
        minutes_held=seen.contender.minutes,
        category=request.category,
        kind=request.kind,
        features=request.features,
        nice_to_have=request.nice_to_have,
        attendees=request.attendees,
        units=request.units,
        about=seen.about,
        distance_m=seen.met.distance_m,
        purpose=request.purpose.code if request.purpose else None,
        occurrences=seen.met.occurrences,
    )
