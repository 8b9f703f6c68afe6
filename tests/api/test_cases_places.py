"""Cases from other systems' trackers: distances, and the edge of the map."""

from typing import Any

import pytest
from calls import World


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


async def distances(world: World, lon: float, lat: float, within_m: int) -> list[int]:
    answer = await world.search(lon=lon, lat=lat, within_m=within_m)
    return [item["distance_m"] for item in answer["items"]]


async def test_c28_over_the_180th_meridian(world: World):
    owner = await world.organisation()
    site = await world.site(owner, point=point(179.99, -16.85), timezone="Pacific/Fiji")
    asset = await world.asset(owner, site=site)
    assert await distances(world, -179.99, -16.85, 5000) == [2131]
    assert await distances(world, -179.99, -16.85, 2132) == [2131]
    assert await distances(world, -179.99, -16.85, 2000) == []
    assert await distances(world, 179.99, -16.85, 5000) == [0]
    free = await world.found(
        "2027-07-05T08:00:00Z", "2027-07-05T09:00:00Z", lon=-179.99, lat=-16.85, within_m=5000, category="hall"
    )
    assert free == {asset["id"]}


async def test_c28_both_names_of_the_meridian_are_one_place(world: World):
    owner = await world.organisation()
    await world.asset(owner, site=await world.site(owner, point=point(180, -16.85), timezone="Pacific/Fiji"))
    assert await distances(world, -180, -16.85, 1) == [0]
    assert await distances(world, 180, -16.85, 1) == [0]


@pytest.mark.parametrize(
    ("site", "origin", "distance_m", "outside", "inside"),
    [
        ((-0.965, 60.155), (-1.145, 60.155), 9997, 9980, 10_000),
        ((32.58, 0.4002), (32.58, 0.31), 9974, 9970, 9990),
    ],
)
async def test_c29_just_inside_and_just_outside_ten_kilometres(
    world: World,
    site: tuple[float, float],
    origin: tuple[float, float],
    distance_m: int,
    outside: int,
    inside: int,
):
    owner = await world.organisation()
    await world.asset(owner, site=await world.site(owner, point=point(*site)))
    assert await distances(world, *origin, outside) == []
    assert await distances(world, *origin, inside) == [distance_m]
    assert await distances(world, *origin, 200_000) == [distance_m]


@pytest.mark.parametrize(
    ("site", "origin", "distance_m"),
    [
        ((-180, -16.85), (180, -16.85), 0),
        ((180, 1e-9), (-180, 0), 0),
        ((180, 0), (-179.9999997, 0), 0),
        ((180, 0), (-179.999999, 0), 0),
        ((0, 51.5), (1e-13, 51.5), 0),
        ((90, 0), (90.000000000001, 0), 0),
        ((0, 90), (45, 90), 0),
        ((0, -90), (0, -89.99999), 1),
    ],
)
async def test_c28_points_that_are_as_good_as_one(
    world: World, site: tuple[float, float], origin: tuple[float, float], distance_m: int
):
    owner = await world.organisation()
    await world.asset(owner, site=await world.site(owner, point=point(*site)))
    assert await distances(world, *origin, 10) == [distance_m]
