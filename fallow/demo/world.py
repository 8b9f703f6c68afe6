"""What the demo is made of, in memory: organisations, sites, timetables and assets, before any of it is stored."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

import domain.hours
import domain.organisations
import domain.sites
from domain.assets import AssetRequest, AssetState
from domain.hours import CompiledHours, Hours
from domain.limits import LimitRequest
from domain.organisations import OrganisationRequest
from domain.places import Address, Point
from domain.sites import Placed, SiteRequest
from fallow.demo.chance import FOUNDED, identifier
from fallow.demo.sources import Untidy

ZONE = "Europe/London"
PREFIX = "demo-"
INVENTED = "Invented for the demo: the place is real, what it offers is not."
WHOLLY_INVENTED = "Invented for the demo, the people and the organisation too."


class Located(msgspec.Struct, frozen=True):
    """A site and whose it is."""

    owner_id: UUID
    placed: Placed


class Scheduled(msgspec.Struct, frozen=True):
    """A timetable and whose it is; `name` None: one asset's own hours."""

    owner_id: UUID
    name: str | None
    hours: Hours
    compiled: CompiledHours


class Offered(msgspec.Struct, frozen=True):
    """An asset, whose it is and which hours it keeps. `evenings`: it is never booked on a Tuesday evening."""

    owner_id: UUID
    request: AssetRequest
    state: AssetState
    timetable_id: UUID
    evenings: bool


class Closed(msgspec.Struct, frozen=True):
    """A closure of a site, from its first to its last day."""

    owner_id: UUID
    site_id: UUID
    first: date
    last: date
    note: str


class Limited(msgspec.Struct, frozen=True):
    """A limit on each booker, and whose it is."""

    owner_id: UUID
    request: LimitRequest


class World:
    """Everything of one demo, each by its id; ids depend on what a thing is called, not on the day."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.organisations: dict[UUID, OrganisationRequest] = {}
        self.sites: dict[UUID, Located] = {}
        self.timetables: dict[UUID, Scheduled] = {}
        self.assets: dict[UUID, Offered] = {}
        self.closures: dict[UUID, Closed] = {}
        self.limits: dict[UUID, Limited] = {}
        self.untidy: list[Untidy] = []

    def organisation(self, key: str, name: str, kind: str, **more: Any) -> UUID:
        """Add an organisation, which is verified; `key` names it in addresses."""
        made = made_of("organisation", key)
        given = {"slug": slug(key), "name": name, "kind": kind, "description": INVENTED, **more}
        self.organisations[made] = msgspec.convert(given, OrganisationRequest)
        return made

    def site(
        self, owner_id: UUID, key: str, name: str, point: Point | None, address: Address, *, private: bool = False
    ) -> UUID:
        """Add a site; without a point, the centre of its postcode's district."""
        made = made_of("site", owner_id, key)
        request = SiteRequest(name=name, address=address, point=point, private=private)
        self.sites[made] = Located(owner_id, domain.sites.place(request, {ZONE}))
        return made

    def timetable(self, owner_id: UUID, key: str, hours: Hours, *, name: str | None = None) -> UUID:
        """Add hours."""
        made = made_of("timetable", owner_id, key)
        self.timetables[made] = Scheduled(owner_id, name, hours, domain.hours.compile(hours))
        return made

    def asset(
        self,
        site_id: UUID,
        key: str,
        timetable_id: UUID,
        *,
        state: AssetState = "listed",
        evenings: bool = False,
        **given: Any,
    ) -> UUID:
        """Add an asset; without a description of its own it has the one that says that it is invented."""
        owner_id = self.sites[site_id].owner_id
        made = made_of("asset", site_id, key)
        said = given.pop("description", "")
        told = WHOLLY_INVENTED if self.sites[site_id].placed.private else INVENTED
        given |= {"site_id": site_id, "description": f"{said} {told}".strip()}
        request = msgspec.convert(given, AssetRequest)
        self.assets[made] = Offered(owner_id, request, state, timetable_id, evenings)
        return made

    def closure(self, site_id: UUID, *, days_ahead: int, days: int, note: str) -> UUID:
        """Shut a site for some whole days."""
        first = self.today + timedelta(days=days_ahead)
        owner_id, made = self.sites[site_id].owner_id, made_of("closure", site_id, note)
        self.closures[made] = Closed(owner_id, site_id, first, first + timedelta(days=days - 1), note)
        return made

    def limit(self, owner_id: UUID, **given: Any) -> UUID:
        """Add a limit, which no booking of the demo exceeds."""
        request = msgspec.convert(given, LimitRequest)
        made = made_of("limit", owner_id, request.asset_id, request.category)
        self.limits[made] = Limited(owner_id, request)
        return made

    def wholes(self, asset_id: UUID) -> Iterator[UUID]:
        """An asset and everything around it, outwards."""
        around: UUID | None = asset_id
        while around is not None:
            yield around
            around = self.assets[around].request.part_of

    def inside(self) -> Mapping[UUID, list[UUID]]:
        """Of each asset, all that is inside it to any depth, itself first."""
        found: dict[UUID, list[UUID]] = {asset_id: [asset_id] for asset_id in self.assets}
        for asset_id in self.assets:
            for whole_id in list(self.wholes(asset_id))[1:]:
                found[whole_id].append(asset_id)
        return found


def made_of(kind: str, *key: object) -> UUID:
    """The id of a thing of the demo."""
    return identifier(founded(kind), kind, *key)


def founded(kind: str) -> datetime:
    """When the demo's things of a kind were made."""
    kinds = (
        "organisation",
        "site",
        "timetable",
        "asset",
        "closure",
        "token",
        "booking",
        "need",
        "offer",
        "waiting",
        "message",
        "feedback",
        "limit",
    )
    return FOUNDED + timedelta(minutes=kinds.index(kind))


def slug(key: str) -> str:
    """A key as a name in addresses."""
    letters = "".join(letter if letter.isalnum() and letter.isascii() else " " for letter in key.lower())
    return PREFIX + "-".join(letters.split())[: 63 - len(PREFIX)].rstrip("-")
