"""Instants as RFC 3339 has them, and nothing that only looks like one."""

from datetime import UTC, datetime

import pytest

from domain.types import read_instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-03-02T18:30:00Z", datetime(2027, 3, 2, 18, 30, tzinfo=UTC)),
        ("2027-03-02t18:30:00z", datetime(2027, 3, 2, 18, 30, tzinfo=UTC)),
        ("2027-07-02T18:30:00+01:00", datetime(2027, 7, 2, 17, 30, tzinfo=UTC)),
        ("2027-07-02T18:30:00.1234567-00:30", datetime(2027, 7, 2, 19, 0, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59.999999999Z", datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_utc(text: str, instant: datetime):
    assert read_instant(text) == instant
    assert read_instant(text).utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-02T18:30:00",
        "2027-03-02 18:30:00Z",
        "2027-03-02T18:30:00+0100",
        "2027-03-02T18:30Z",
        "2027-02-30T18:30:00Z",
        "2027-03-02T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "2199-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "1815555600",
        "\uff12027-03-02T18:30:00Z",
        "",
        "2027-03-02T18:30:00Z\n",
    ],
)
def test_what_is_no_instant_is_refused(text: str):
    with pytest.raises(ValueError, match="Expected an"):
        read_instant(text)
