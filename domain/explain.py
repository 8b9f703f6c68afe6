"""Why a period can be booked or cannot, and which near it can."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.reasons import Reason, told
from domain.time import Period, local_period, wall_clock

HOUR, DAY = 60, 24 * 60


class NearPeriod(msgspec.Struct, frozen=True):
    """A period near the one asked for that could be booked, and how it differs, in a sentence."""

    starts_at: datetime
    ends_at: datetime
    text: str


class Explanation(msgspec.Struct, frozen=True):
    """Every rule that a booking of this period must keep. `would_work` holds at most four periods, nearest first:
    none where this one can be booked, or where no other time or length helps.
    """

    asset_id: UUID
    starts_at: datetime
    ends_at: datetime
    bookable: bool
    checks: list[Reason]
    would_work: list[NearPeriod]


def explain(
    asset_id: UUID, period: Period, checks: Iterable[Mapping[str, Any]], near: Iterable[Period], timezone: str
) -> Explanation:
    """The explanation, from what `rules.checks` and `rules.would_work` say."""
    zone = ZoneInfo(timezone)
    reasons = [told(each, zone) for each in checks]
    nearest = sorted(near, key=lambda each: (abs(each.starts_at - period.starts_at), each))
    return Explanation(
        asset_id=asset_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        bookable=all(each.passed for each in reasons),
        checks=reasons,
        would_work=[NearPeriod(each.starts_at, each.ends_at, difference(period, each, zone)) for each in nearest],
    )


def difference(asked: Period, near: Period, zone: ZoneInfo) -> str:
    """How a period differs from the one asked for, and when it is: by the clock on the wall from one day to another,
    on one day by the time that passes, as its clock may have been changed.
    """
    shift = wall_clock(near.starts_at, zone) - wall_clock(asked.starts_at, zone)
    if wall_clock(near.starts_at, zone).date() == wall_clock(asked.starts_at, zone).date():
        shift = near.starts_at - asked.starts_at
    said = []
    if near.starts_at != asked.starts_at:
        said.append(f"{duration(abs(shift))} {'later' if near.starts_at > asked.starts_at else 'earlier'}")
    if near.ends_at - near.starts_at != asked.ends_at - asked.starts_at:
        said.append(f"for {duration(near.ends_at - near.starts_at)}")
    words = ", ".join(said)
    return f"{words[:1].upper()}{words[1:]}: {local_period(near.starts_at, near.ends_at, zone)}."


def duration(span: timedelta) -> str:
    """A length in days, hours and minutes: "1 day and 30 minutes"."""
    whole = int(span.total_seconds()) // 60
    counts = {"day": whole // DAY, "hour": whole % DAY // HOUR, "minute": whole % HOUR}
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in counts.items() if count]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "less than a minute"
