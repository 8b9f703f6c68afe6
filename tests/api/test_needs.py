"""Needs: said once, changed, closed; and what meets them, to be booked in one step."""

from calls import MANCHESTER, World, ok

TUESDAYS = {"starts_on": "2027-01-12", "weeks": 3, "windows": [{"day": "tue", "opens": "17:00", "closes": "22:00"}]}
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
NEED = {"category": "hall", "point": POINT, "pattern": TUESDAYS, "minutes": 120, "until": "2027-02-01T00:00:00Z"}


async def test_a_need_is_matched_booked_and_met(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    need = ok(await group.post("/needs", NEED), 201)
    assert (need["state"], [each["booking_id"] for each in need["occurrences"]]) == ("open", [None] * 3)
    found = ok(await group.get(f"/needs/{need['id']}/matches"), 200)
    [match] = found["items"]
    assert match["asset"]["id"] == hall["id"]
    assert [(each["number"], each["starts_at"]) for each in match["occurrences"]] == [
        (1, "2027-01-12T17:00:00Z"),
        (2, "2027-01-19T17:00:00Z"),
        (3, "2027-01-26T17:00:00Z"),
    ]
    booking = ok(await group.post("/bookings", match["book"]), 201)
    assert booking["need_id"] == need["id"]
    met = ok(await group.get(f"/needs/{need['id']}"), 200)
    assert met["state"] == "met"
    assert [each["occurrence_id"] for each in met["occurrences"]] == [each["id"] for each in booking["occurrences"]]
    assert ok(await group.get(f"/needs/{need['id']}/matches"), 200)["items"] == []
