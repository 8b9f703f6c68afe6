"""Copies of an asset at other sites: drafts that say what it says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.assets import PEOPLE_AT_PUBLIC_SITE, AssetKind
from domain.errors import Fault

# Of one request, so that it ends soon: assets, parts among them, and seasons and exceptions of their own hours.
MOST_ASSETS = 500
MOST_DATES = 20_000


class CopyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sites, each once, at which copies are made; the original's own may be among them."""

    site_ids: Annotated[list[UUID], Meta(min_length=1, max_length=200)]


class Original(msgspec.Struct, frozen=True):
    """The asset that is copied, or one inside it. `own_hours_id` null: it shares a timetable, or has no hours.

    `dates`: how many seasons and exceptions its own hours have.
    """

    id: UUID
    part_of: UUID | None
    kind: AssetKind
    own_hours_id: UUID | None
    dates: int


class Copy(msgspec.Struct, frozen=True):
    """A copy to be made; `part_of` is a copy too, and `own_hours_id` its own of the original's."""

    id: UUID
    original: Original
    site_id: UUID
    part_of: UUID | None
    own_hours_id: UUID | None


def faults(site_ids: Sequence[UUID], originals: Sequence[Original], private: Mapping[UUID, bool]) -> Iterator[Fault]:
    """What is wrong with copies at these sites; `private` has those of the owner."""
    people = any(each.kind == "people" for each in originals)
    first: dict[UUID, int] = {}
    for place, site_id in enumerate(site_ids):
        pointer = f"#/site_ids/{place}"
        if first.setdefault(site_id, place) != place:
            yield Fault(pointer, f"It is the same site as #/site_ids/{first[site_id]}; send each once.")
        elif site_id not in private:
            yield Fault(pointer, "You have no such site.")
        elif people and not private[site_id]:
            yield Fault(pointer, PEOPLE_AT_PUBLIC_SITE)
    for each, most, what in (
        (len(originals), MOST_ASSETS, "assets, its parts among them"),
        (sum(original.dates for original in originals), MOST_DATES, "seasons and exceptions of hours"),
    ):
        if (made := len(site_ids) * each) > most:
            fewer = f"send at most {most // each} sites at a time" if each <= most else "copy its parts one by one"
            yield Fault("#/site_ids", f"That makes {made} {what}; at most {most} at once: {fewer}.")


def plan(site_ids: Sequence[UUID], originals: Sequence[Original], new_id: Callable[[], UUID]) -> list[Copy]:
    """Every copy, site by site, in the order of the originals. What no copied asset is the whole of is in no whole."""
    copies = []
    for site_id in site_ids:
        ids = {each.id: new_id() for each in originals}
        copies += [
            Copy(
                id=ids[each.id],
                original=each,
                site_id=site_id,
                part_of=ids.get(each.part_of) if each.part_of else None,
                own_hours_id=new_id() if each.own_hours_id else None,
            )
            for each in originals
        ]
    return copies
