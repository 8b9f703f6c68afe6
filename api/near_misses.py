"""What would help where too few assets meet a need."""

from datetime import datetime

import db.matches
import db.near_misses
from db.connection import Connection
from db.matches import Looked
from domain import near_misses
from domain.near_misses import ENOUGH, MOST_BROUGHT, Brought, Helping, Relaxation
from domain.needs import Need, as_sent, unmet


async def would_help(conn: Connection, need: Need, looked: Looked, now: datetime) -> list[Relaxation]:
    """The changes of an open need that would help, where too little was found and it can be changed at all."""
    request = as_sent(need)
    if need.state != "open" or len(looked.found) >= ENOUGH or not near_misses.can_be(request, now):
        return []
    nearly = await db.near_misses.nearly(conn, need.id, need.owner_id, looked, near_misses.widest(request), now)
    ladders = near_misses.ladders(request, looked.missed, nearly, unmet(need.occurrences), now)
    if not ladders:
        return []
    firsts = await db.near_misses.first(conn, need.id, need.owner_id, request, ladders, looked, now)
    known = {each.id for each in looked.found}
    helping = near_misses.choose(
        Helping(ladders[each.ladder][each.place], len(each.ids), [one for one in each.ids if one not in known])
        for each in firsts
    )
    away = {each.id: each.distance_m for each in [*looked.missed, *(nearly.lacking or ()), *nearly.further]}
    shown = [each.new[:MOST_BROUGHT] for each in helping]
    assets = await db.matches.summaries(conn, list({one for ids in shown for one in ids}))
    return [
        near_misses.present(each, [Brought(assets[one], away[one]) for one in ids])
        for each, ids in zip(helping, shown, strict=True)
    ]
