"""The windows of a need made longer, moved, or had on another day, each as the need that it would be."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from domain.hours import DAY, DAYS, Day, span
from domain.needs import NeedRequest, Pattern, Window
from domain.requests import PeriodRequest

MOST_WINDOWS = 21


def shifted(request: NeedRequest, minutes: int, unmet: Collection[int]) -> NeedRequest:
    """Each window so many minutes longer at its end, or with a negative number at its beginning; where bookings are to
    be as long as their windows, moved. Only of what is unmet: where something is booked, a pattern is not moved.

    A window stays as it is where it would begin on the day before or last for more than a day, and a period ends where
    another begins. What is wrong with it still, `needs.plan` says.
    """
    if request.pattern is None:
        return replace(request, periods=periods(request, minutes, unmet))
    if request.minutes is None and len(unmet) < request.occurrences:
        return request
    move = moved if request.minutes is None else longer
    return with_windows(request, request.pattern, [move(each, minutes) for each in request.pattern.windows])


def longer(window: Window, minutes: int) -> Window:
    """A window that is longer at one of its ends, no longer than a day."""
    opens, closes = span(window)
    opens, closes = max(opens + min(minutes, 0), 0), closes + max(minutes, 0)
    fits = closes - opens < DAY or (opens, closes) == (0, DAY)
    return replace(window, opens=wall(opens), closes=wall(closes)) if fits else window


def moved(window: Window, minutes: int) -> Window:
    """A window that is as long, earlier or later on the same day."""
    opens, closes = (each + minutes for each in span(window))
    return replace(window, opens=wall(opens), closes=wall(closes)) if 0 <= opens < DAY else window


def wall(minutes: int) -> str:
    """Minutes from a midnight as a time on the wall: midnight at the end of the day is 24:00."""
    minutes = minutes if minutes <= DAY else minutes - DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"


def periods(request: NeedRequest, minutes: int, unmet: Collection[int]) -> list[PeriodRequest]:
    """The periods that are unmet longer or moved."""
    sent, by = request.periods or [], timedelta(minutes=minutes)
    if request.minutes is None:
        return [
            PeriodRequest(each.starts_at + by, each.ends_at + by) if n in unmet else each
            for n, each in enumerate(sent, 1)
        ]
    changed = []
    for n, each in enumerate(sent, 1):
        starts, ends = each.starts_at, each.ends_at
        if n in unmet and minutes < 0:
            starts = max([starts + by, *(other.ends_at for other in sent if other.ends_at <= starts)])
        elif n in unmet:
            ends = min([ends + by, *(other.starts_at for other in sent if other.starts_at >= ends)])
        changed.append(PeriodRequest(starts, ends))
    return changed


def other_days(request: NeedRequest) -> Iterator[tuple[int, Day, NeedRequest]]:
    """The pattern with one more day, at the times of the day next to it that it has: how many days that is away, the
    nearest first.
    """
    pattern = request.pattern
    if pattern is None:
        return
    had = {DAYS.index(each.day) for each in pattern.windows}
    found = []
    for number, day in enumerate(DAYS):
        if number not in had:
            away, like = min((min((number - other) % 7, (other - number) % 7), other) for other in had)
            more = [replace(each, day=day) for each in pattern.windows if each.day == DAYS[like]]
            if len(pattern.windows) + len(more) <= MOST_WINDOWS:
                found.append((away, number, more))
    for away, number, more in sorted(found, key=lambda one: one[:2]):
        yield away, DAYS[number], with_windows(request, pattern, [*pattern.windows, *more])


def at_all_times(request: NeedRequest, by: Sequence[int]) -> NeedRequest:
    """With all windows that any of these shifts would give: more than can be asked for, as they overlap."""
    if request.pattern is None:
        first, last = (timedelta(minutes=each) for each in (min(0, *by), max(0, *by)))
        wide = [PeriodRequest(each.starts_at + first, each.ends_at + last) for each in request.periods or ()]
        return replace(request, periods=wide)
    windows = [longer(each, minutes) for each in request.pattern.windows for minutes in (0, *by)]
    return with_windows(request, request.pattern, windows)


def on_all_days(request: NeedRequest) -> NeedRequest:
    """With the windows of all days."""
    windows = [each for _, _, changed in other_days(request) if changed.pattern for each in changed.pattern.windows]
    return with_windows(request, request.pattern, windows) if request.pattern and windows else request


def with_windows(request: NeedRequest, pattern: Pattern, windows: list[Window]) -> NeedRequest:
    """A need with other windows."""
    return replace(request, pattern=replace(pattern, windows=windows))
