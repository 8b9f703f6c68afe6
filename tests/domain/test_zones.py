"""Zones: both halves of the stack must know them."""

from domain.zones import valid


def test_a_zone_is_valid_when_python_and_postgres_both_know_it():
    python = {"Europe/London", "Europe/Kyiv", "localtime", "right/UTC", "posix/UTC", "Factory", "posixrules"}
    postgres = python - {"Europe/Kyiv"} | {"Europe/Berlin"}
    assert valid(python, postgres) == {"Europe/London"}
