"""Whether each offer to a waiting list was made to whoever was first.

An owner can check it with nothing but what the API tells: `python docs/who_was_first.py events.json seeds.json`, the
one all `items` of `GET /v1/events`, the other `{"2027-01-04": "<seed>", …}` of `GET /v1/seeds/{date}`. It says who was
passed over, also who may not have the place, for want of a paper say, or waits for other hours some of which are taken,
and exits with 1 if anybody was. Who wants more units than were free was not. An offer of a day whose seed is not there,
today's say, is counted and not checked.
"""

import hashlib
import hmac
import json
import sys
from datetime import datetime, timedelta

COUNTS = ("confirmed", "checked_in", "completed", "no_show")


def passed_over(events, seeds):
    """Of each offer to a waiting list: (offer, who stood before the group that it was made to; None without a seed)."""
    had, line, standing, offers = {}, {}, {}, []  # occurrences; who is in line; which offers stand, and all so far
    for event in sorted(events, key=lambda e: (e["occurred_at"], e["type"] == "offer.made", e["object"]["version"])):
        what, after, entry = event["type"], event["after"], event["object"]["id"]
        if event["object"]["kind"] == "booking":
            had |= {each: (event["booker_id"], now) for each, now in after.get("occurrences", {}).items()}
        elif what == "waiting.joined":
            line[entry] = (event["booker_id"], after["places"], after["booking_id"], after["units"])
        elif what in ("waiting.left", "waiting.lapsed") or (what == "waiting.met" and not line[entry][2]):
            line.pop(entry, None)
        elif what == "waiting.met":  # some of all that a booking skipped
            for number in after["met"]:
                line[entry][1][number - 1] = None
        elif what.startswith("offer.") and what != "offer.made":
            standing.pop(entry, None)
        elif what == "offer.made" and after.get("waiting_id"):
            freed = (after["asset_id"], after["freed_at"])
            if not seeds.get(after["freed_at"][:10]):
                yield entry, None
            else:
                order = sorted(
                    (rank(group, had, after["freed_at"], seeds), group)
                    for waits, (group, places, _, units) in line.items()
                    if (waits, *freed) not in offers and waits not in standing.values() and units <= after["units_free"]
                    if any(each and overlap(each, after) for each in places)
                )
                yield entry, [group for place, group in order if place < rank(event["booker_id"], had, freed[1], seeds)]
            offers.append((after["waiting_id"], *freed))
            standing[entry] = after["waiting_id"]


def overlap(place, offer):
    """Whether somebody waits for some of what was offered."""
    [given] = offer["occurrences"]
    same = place["asset_id"] == offer["asset_id"]
    return same and place["starts_at"] < given["ends_at"] and given["starts_at"] < place["ends_at"]


def rank(group, had, freed_at, seeds):
    """Fewest minutes held at the owner come first, then the smaller draw."""
    since, held = read(freed_at) - timedelta(days=90), timedelta()
    for whose, now in had.values():
        counts = now["state"] in COUNTS or now.get("cancelled_late")
        if whose == group and counts and read(now["starts_at"]) >= since:
            held += (read(now["ends_at"]) - read(now["starts_at"])) * now["units"]
    seed = bytes.fromhex(seeds[freed_at[:10]])
    return held // timedelta(minutes=1), hmac.new(seed, group.encode(), hashlib.sha256).digest()


def read(moment):
    """An instant."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00"))


if __name__ == "__main__":
    given, published = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])
    found = list(passed_over(given, published))
    wrong = [(offer, groups) for offer, groups in found if groups]
    print("\n".join(f"offer {offer}: passed over {', '.join(groups)}" for offer, groups in wrong) or "all in order")
    if unseen := sum(groups is None for _, groups in found):
        print(f"not checked for want of a seed: {unseen} of {len(found)} offers")
    sys.exit(bool(wrong))
