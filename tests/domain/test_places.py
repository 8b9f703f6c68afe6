"""Where something is, and how much of it others see."""

from math import cos, hypot, radians

import pytest

from domain.places import Point, about, centre, normal

SALE = Point((-2.32451, 53.42519))


@pytest.mark.parametrize("postcode", ["S36 1AA", "s361aa", " S36  1AA ", "S36", "s36"])
def test_a_postcode_is_placed_at_the_centre_of_its_district(postcode: str):
    assert centre(postcode) == Point((-1.61249, 53.50302))


def test_a_district_with_a_letter_falls_back_on_the_one_without():
    assert centre("N1A 1AA") == centre("N1")


@pytest.mark.parametrize("postcode", ["", "ZZ99 9ZZ", "M33 4", "10115", "S36 1AA extra", "S36\u0000"])
def test_what_is_no_known_postcode_is_nowhere(postcode: str):
    assert centre(postcode) is None


@pytest.mark.parametrize(
    "point", [(-2.3245, 53.4252), (0.0, 0.0), (179.999, -16.85), (-0.001, 89.999), (25.0, -90.0), (-180.0, 70.2)]
)
def test_others_see_a_private_place_within_about_a_kilometre(point: tuple[float, float]):
    (lon, lat), (shown_lon, shown_lat) = point, about(Point(point)).coordinates
    assert -180 <= shown_lon <= 180
    assert -90 <= shown_lat <= 90
    north, east = (shown_lat - lat) * 111.2, (shown_lon - lon) * 111.2 * cos(radians(lat))
    assert hypot(north, east) < 0.9


def test_places_of_one_cell_are_shown_at_one_point():
    assert about(Point((-2.3245, 53.4222))) == about(Point((-2.3251, 53.4229)))


def test_a_point_has_one_name():
    assert normal(Point((-180, 1e-9))) == Point((180, 0))
    assert normal(Point((-2.24261234567, 53.48))) == Point((-2.242612, 53.48))
