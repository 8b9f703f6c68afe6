"""Demand: what is looked for where and when, told so coarsely that it says nothing of any one group."""

from collections.abc import Callable, Mapping
from datetime import date

import msgspec

from domain.hours import DAYS, Day
from domain.places import Point

EDGE_M = 5000  # of a hexagon


class Place(msgspec.Struct, frozen=True):
    """A place in the order in which a picture is told."""

    cell: str
    category: str
    hour_of_week: int


START = Place("", "", -1)


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """How many groups, at least three, look for a category in a cell at an hour of the local week, in how many needs.

    A need counts in each hour that a window of it touches for which nothing is booked.
    """

    cell: str
    center: Point
    category: str
    day: Day
    hour: int
    groups: int
    needs: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.cell, self.category, 24 * DAYS.index(self.day) + self.hour)


class DemandPage(msgspec.Struct, frozen=True):
    """What was looked for when the newest picture was taken, each night at 00:00 UTC; `taken_on` null: none was yet.

    Cells are fixed hexagons with edges of `edge_m` (on the map of Web Mercator: less on the ground, 3 km in England).
    """

    taken_on: date | None
    edge_m: int
    items: list[Demand]
    next: str | None


COLUMNS: Mapping[str, Callable[[Demand], object]] = {
    "cell": lambda row: row.cell,
    "lon": lambda row: row.center.coordinates[0],
    "lat": lambda row: row.center.coordinates[1],
    "category": lambda row: row.category,
    "day": lambda row: row.day,
    "hour": lambda row: row.hour,
    "groups": lambda row: row.groups,
    "needs": lambda row: row.needs,
}
