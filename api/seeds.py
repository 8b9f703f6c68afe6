"""The seeds of the fair order, day by day."""

from datetime import datetime

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

import db.fairness
from api.problems import problems
from db.connection import Connection
from domain import fairness
from domain.errors import NotFound
from domain.fairness import DaySeed


@get("/{on:str}", operation_id="getSeed", responses=problems(NotFound))
async def read(on: FromPath[str], conn: NamedDependency[Connection], now: NamedDependency[datetime]) -> DaySeed:
    """The seed of a UTC date, once that is over; before, and on the day, only its hash.

    Who comes first where several want the same is drawn with it: HMAC-SHA-256, with the seed as its key, of an
    organisation's id in lower case with hyphens; the smaller comes first among those that hold as much.
    """
    try:
        asked = datetime.strptime(on, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise NotFound("Send a date such as 2027-03-02.") from None
    if asked > now.date():
        raise NotFound("That day has not begun yet.")
    return fairness.published(await db.fairness.secret(conn), asked, now.date())


router = Router("/seeds", route_handlers=[read], tags=["needs"])
