"""What becomes of needs when something changes: who is told that an asset now meets what it looks for."""

from datetime import datetime

import db.demand
import db.events
import db.fairness
import db.jobs
import db.matches
from db.connection import Connection
from db.events import Change
from domain import fairness
from domain.jobs import LookAgain, MatchAsset, MatchNeed, TakeDemand

AT_ONCE = 500  # needs that one job tests for an asset


async def look_again(conn: Connection, job: LookAgain, _now: datetime) -> None:
    """Make a job of each listed asset that may meet what it did not: with an asset its wholes and parts come free."""
    assets = await db.matches.listed(conn, job.owner_id, job.asset_id, job.timetable_id, job.site_id)
    await db.jobs.add(conn, *(MatchAsset(job.owner_id, each) for each in sorted(assets)))


async def match_asset(conn: Connection, job: MatchAsset, now: datetime) -> None:
    """Record each open need that an asset meets and that was not found to match it before, in the fair order."""
    tested, met = await db.matches.unrecorded(conn, job.asset_id, job.owner_id, now, after=job.after, limit=AT_ONCE)
    versions = await db.matches.record(conn, job.asset_id, job.owner_id, [each.need_id for each in met], now)
    if versions:
        seed = await db.fairness.seed(conn, now.date())
        await db.events.append_all(
            conn,
            [
                Change(
                    type="need.matched",
                    object_kind="need",
                    object_id=each.need_id,
                    owner_id=each.contender.organisation_id,
                    version=versions[each.need_id],
                    before=None,
                    after={"asset_id": job.asset_id, "occurrences": each.occurrences},
                    caller=None,
                    now=now,
                    request_id=None,
                )
                for each in fairness.in_order(met, seed)
                if each.need_id in versions
            ],
        )
    if len(tested) == AT_ONCE:
        await db.jobs.add(conn, MatchAsset(job.owner_id, job.asset_id, after=tested[-1]))


async def match_need(conn: Connection, job: MatchNeed, now: datetime) -> None:
    """Record what meets a need when it is said or changed, of which nobody needs to be told."""
    looked = await db.matches.find(conn, job.need_id, job.owner_id, now)
    await db.matches.note(conn, job.need_id, [each.id for each in looked.found], now)


async def take_demand(conn: Connection, _job: TakeDemand, now: datetime) -> None:
    """Take the picture of what is looked for where."""
    await db.demand.take(conn, now)
