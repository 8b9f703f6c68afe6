"""Where something is: points, addresses, the centres of postcode districts."""

import csv
import re
from functools import cache
from importlib import resources
from math import cos, radians
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.types import ShortText

STEP = 0.01  # degrees of latitude: 1.1 km

Precision = Literal["point", "district"]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]

OUTWARD = "[A-Z]{1,2}[0-9][A-Z0-9]?"
POSTCODE = re.compile(f"({OUTWARD})(?:[0-9][A-Z]{{2}})")
DISTRICT = re.compile(f"({OUTWARD})")


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="Point", tag_field="type"):
    """A GeoJSON point: longitude, then latitude, in degrees (WGS 84)."""

    coordinates: tuple[Longitude, Latitude]


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A postal address, as far as it is known."""

    street: ShortText | None = None
    town: ShortText | None = None
    postcode: ShortText | None = None


def centre(postcode: str) -> Point | None:
    """The centre of the district of a British postcode (`M33 4BX`, `m334bx`) or of a district (`M33`); None
    for one that is not known.
    """
    compact = re.sub(r"\s+", "", postcode).upper()
    found = POSTCODE.fullmatch(compact) or DISTRICT.fullmatch(compact)
    if found is None:
        return None
    outward = found[1]
    return districts().get(outward) or districts().get(outward.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def normal(point: Point) -> Point:
    """A point to six decimals (0.1 m), with one name for the 180th meridian: where two points nearer than that,
    or on both sides of it, are compared, PostGIS stops at "index returned tuples in wrong order".
    """
    lon, lat = (round(degrees, 6) for degrees in point.coordinates)
    return Point((180.0 if lon == -180 else lon, lat))


def about(point: Point) -> Point:
    """A point near by, on a grid of about 1 km: what others see of a private place. The same for every place
    of one cell, so that asking again tells no more.
    """
    lon, lat = point.coordinates
    north = round(lat / STEP) * STEP
    east = STEP / max(cos(radians(north)), STEP)
    return Point((round(max(-180.0, min(180.0, round(lon / east) * east)), 5), round(north, 5)))


@cache
def districts() -> dict[str, Point]:
    """The centres of 2,800 postcode districts of Great Britain and Northern Ireland, by name."""
    text = (resources.files("domain") / "data" / "postcode_districts.csv").read_text()
    return {
        row["district"]: Point((float(row["lon"]), float(row["lat"])))
        for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    }
