"""c33: every way in which a booking ends is announced, once, by whichever door; and cases like it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from calls import Organisation, World, ok

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


class Case(NamedTuple):
    """A booking on its way."""

    world: World
    clock: Any
    owner: Organisation
    group: Organisation
    other: Organisation
    asset: dict[str, Any]
    booking: dict[str, Any]

    async def does(self, who: str, what: str, **sent: Any) -> None:
        caller: Organisation = getattr(self, who)
        ok(await caller.post(f"/bookings/{self.booking['id']}/{what}", sent), 200)

    async def works_at(self, moment: str) -> None:
        self.clock.now = datetime.fromisoformat(moment)
        await self.world.work(self.clock.now)

    async def taken(self) -> None:
        """Another takes the place when the hold is over, and no worker has run."""
        self.clock.now = datetime.fromisoformat(self.booking["hold_expires_at"])
        periods = [(each["starts_at"], each["ends_at"]) for each in self.booking["occurrences"]]
        ok(await self.other.book(self.asset, *periods, units=2), 201)

    @property
    def first(self) -> dict[str, Any]:
        return self.booking["occurrences"][0]


class Way(NamedTuple):
    """What is done to a booking, and the events of it: one for all of it, for the first, or for each occurrence."""

    do: Callable[[Case], Awaitable[None]]
    type: str
    states: tuple[str, str]
    hears: tuple[str, ...]
    of: str = "all"
    by: str | None = None
    at: str | None = None  # which instant of booking or occurrence; None: when it was done
    given: dict[str, Any] = {}  # noqa: RUF012 - of the booking
    terms: dict[str, Any] = {}  # noqa: RUF012


HOLD = {"hold": True}
APPROVAL = {"approval": True}
GRACE = {"check_in_grace_minutes": 15}
BY_ITSELF = {"approval": True, "on_deadline": "approve"}
END = "2027-08-01T09:00:00Z"
CONFIRMED = ("pending", "confirmed")


async def reported(case: Case) -> None:
    case.clock.now = datetime.fromisoformat(EVENING[0])
    await case.does("owner", "no-show", all=True)


async def checked_in(case: Case) -> None:
    case.clock.now = datetime.fromisoformat(EVENING[0])
    await case.does("group", "check-in", all=True)


WAYS = {
    "confirmed": Way(
        lambda case: case.does("group", "confirm"), "confirmed", ("held", "confirmed"), (), by="group", given=HOLD
    ),
    "asked for by confirming": Way(
        lambda case: case.does("group", "confirm"), "confirmed", ("held", "pending"), ("owner",), by="group",
        given=HOLD, terms=APPROVAL,
    ),
    "approved": Way(
        lambda case: case.does("owner", "approve", all=True), "approved", CONFIRMED, ("group",), by="owner",
        terms=APPROVAL,
    ),
    "approved by itself": Way(
        lambda case: case.works_at(case.booking["decide_by"]), "approved", CONFIRMED, ("group",), at="decide_by",
        terms=BY_ITSELF,
    ),
    "declined": Way(
        lambda case: case.does("owner", "decline", all=True), "declined", ("pending", "declined"), ("group",),
        by="owner", terms=APPROVAL,
    ),
    "lapsed": Way(
        lambda case: case.works_at(END), "lapsed", ("pending", "lapsed"), ("owner", "group"), at="decide_by",
        terms=APPROVAL,
    ),
    "cancelled by its booker": Way(
        lambda case: case.does("group", "cancel", all=True), "cancelled", ("confirmed", "cancelled"), ("owner",),
        by="group",
    ),
    "cancelled by its owner": Way(
        lambda case: case.does("owner", "cancel", all=True), "cancelled", ("confirmed", "cancelled"), ("group",),
        by="owner",
    ),
    "one of it cancelled": Way(
        lambda case: case.does("group", "cancel", occurrence_ids=[case.first["id"]]), "cancelled",
        ("confirmed", "cancelled"), ("owner",), of="first", by="group",
    ),
    "given up while held": Way(
        lambda case: case.does("group", "cancel", all=True), "cancelled", ("held", "cancelled"), ("owner",),
        by="group", given=HOLD,
    ),
    "recalled": Way(
        lambda case: case.does("owner", "recall", all=True), "recalled", ("confirmed", "recalled"), ("group",),
        by="owner", terms={"recallable": True},
    ),
    "expired, noticed by another": Way(
        lambda case: case.taken(), "expired", ("held", "expired"), (), at="hold_expires_at", given=HOLD
    ),
    "expired, noticed by a worker": Way(
        lambda case: case.works_at(END), "expired", ("held", "expired"), (), at="hold_expires_at", given=HOLD
    ),
    "completed": Way(
        lambda case: case.works_at(END), "completed", ("confirmed", "completed"), (), of="each", at="ends_at"
    ),
    "missed": Way(
        lambda case: case.works_at(END), "no_show", ("confirmed", "no_show"), ("group",), of="each", at="check_in_by",
        terms=GRACE,
    ),
    "reported as missed": Way(
        reported, "no_show", ("confirmed", "no_show"), ("group",), of="first", by="owner"
    ),
    "checked in": Way(
        checked_in, "checked_in", ("confirmed", "checked_in"), (), of="first", by="group",
        terms=GRACE,
    ),
}  # fmt: skip


async def of_object(who: Organisation, object_id: str) -> list[dict[str, Any]]:
    """What a feed tells of an object, by version."""
    found, after = [], {}
    while items := (page := ok(await who.get("/events", limit=100, **after), 200))["items"]:
        found += [each for each in items if each["object"]["id"] == object_id]
        after = {"after": page["next"]}
    return sorted(found, key=lambda each: each["object"]["version"])


def told(occurrences: list[dict[str, Any]], state: str) -> dict[str, Any]:
    names = ("starts_at", "ends_at", "units")
    return {
        "occurrences": {each["id"]: {"state": state, **{name: each[name] for name in names}} for each in occurrences}
    }


def short(event: dict[str, Any]) -> tuple[Any, ...]:
    """An event without what it says of claims."""
    actor = event["actor"] and event["actor"]["organisation_id"]
    after = {name: value for name, value in event["after"].items() if name != "claims"}
    names = ("type", "occurred_at", "before")
    return event["object"]["version"], actor, *(event[name] for name in names), after, event["hears"]


def claims(event: dict[str, Any]) -> list[tuple[str, int]]:
    """What an event says that was taken back: of which occurrence, how many minutes."""
    return [(each["occurrence_id"], each["minutes"]) for each in event["after"].get("claims", {}).values()]


@pytest.mark.parametrize("shape", ["one", "a series of four", "two units"])
@pytest.mark.parametrize("name", WAYS)
async def test_c33_every_way_a_booking_ends_is_announced(world: World, clock, name: str, shape: str):
    way = WAYS[name]
    owner, group, other = [await world.organisation() for _ in range(3)]
    vans = {"kind": "vehicle", "category": "minibus", "units": 2}
    asset = await world.asset(owner, **vans, terms={"approval_hours": 48, **way.terms})
    given = {"units": 2 if shape == "two units" else 1, **way.given}
    booking = ok(await group.repeat(asset, *EVENING, 4 if shape == "a series of four" else 1, **given), 201)
    case = Case(world, clock, owner, group, other, asset, booking)
    await way.do(case)
    await refused(case)
    occurrences = booking["occurrences"]
    groups = {"all": [occurrences], "first": [occurrences[:1]], "each": [[each] for each in occurrences]}[way.of]
    events = await of_object(owner, booking["id"])
    assert [short(each) for each in events[1:]] == [
        (
            version,
            way.by and getattr(case, way.by).id,
            f"booking.{way.type}",
            instant(clock.now) if way.at is None else booking.get(way.at) or changed[0][way.at],
            told(changed, way.states[0]),
            told(changed, way.states[1]),
            [getattr(case, each).id for each in way.hears],
        )
        for version, changed in enumerate(groups, 2)
    ]
    owed = occurrences if way.type == "recalled" else []
    assert sorted(claims(events[-1])) == sorted((each["id"], 120 * each["units"]) for each in owed)
    assert (events[0]["type"], events[0]["object"]["version"], events[0]["before"]) == ("booking.created", 1, None)
    assert await of_object(group, booking["id"]) == events
    assert await of_object(other, booking["id"]) == []
    await case.works_at(instant(clock.now))
    assert await of_object(group, booking["id"]) == events


def instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


async def refused(case: Case) -> None:
    """Everything that nobody may do to it any more, or that somebody else tries, and dry runs of what they may."""
    stale = {"headers": {"If-Match": '"x"'}}
    path = f"/bookings/{case.booking['id']}"
    for what in ("confirm", "approve", "decline", "cancel", "recall", "check-in", "no-show", "retry-skipped"):
        sent = {} if what == "confirm" else {"all": True}
        ok(await case.other.post(f"{path}/{what}", sent), 404)
        ok(await case.group.post(f"{path}/{what}", {**sent, "colour": "red"}), 422)
        for who in (case.owner, case.group):
            answers = [await who.post(f"{path}/{what}", sent, **stale)]
            answers.append(await who.post(f"{path}/{what}", {**sent, "dry_run": True}))
            assert answers[0].status_code in {403, 409, 412}
            assert answers[1].status_code in {200, 403, 409}


# Others like it ---------------------------------------------------------------------------------------------------


async def test_like_c33_each_step_of_a_line_is_announced_to_its_two_and_nobody_else(world: World, clock):
    owner, holder, first, second = [await world.organisation() for _ in range(4)]
    hall = await world.asset(owner, terms={"offer_minutes": 60})
    booking = ok(await holder.book(hall, EVENING), 201)
    ok(await second.book(hall, ("2027-07-01T10:00:00Z", "2027-07-01T11:00:00Z")), 201)
    place = {"asset_id": hall["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}
    entries = [ok(await each.post("/waiting", {"any_of": [place]}), 201) for each in (first, second)]
    ok(await holder.cancel(booking), 200)
    clock.now += timedelta(hours=1)
    await world.work(clock.now)
    [lapsed] = ok(await first.get("/offers"), 200)["items"]
    [made] = ok(await second.get("/offers"), 200)["items"]
    accepted = ok(await second.post(f"/offers/{made['id']}/accept"), 200)
    ok(await first.post(f"/waiting/{entries[0]['id']}/leave"), 200)
    nine, ten = "2027-01-04T09:00:00Z", "2027-01-04T10:00:00Z"
    place = {"number": 1, "starts_at": EVENING[0], "ends_at": EVENING[1]}
    after = {"asset_id": hall["id"], "occurrences": [place], "freed_at": nine, "units": 1, "units_free": 1}
    joined = {"booking_id": None, "units": 1, "places": [{"asset_id": hall["id"], **dict(list(place.items())[1:])}]}

    def offered(offer: dict[str, Any], entry: dict[str, Any], minutes: int) -> dict[str, Any]:
        told = {"expires_at": offer["expires_at"], "minutes_held": minutes, "waiting_id": entry["id"]}
        return {**after, **told}

    def ended(state: str, entry: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"state": "offered"}, {"state": state, "waiting_id": entry["id"]}

    waits = {"state": "waiting"}
    expected = {
        entries[0]["id"]: [
            (1, first.id, "waiting.joined", nine, None, joined, []),
            (2, first.id, "waiting.left", ten, waits, {"state": "left"}, []),
        ],
        lapsed["id"]: [
            (1, None, "offer.made", nine, None, offered(lapsed, entries[0], 0), [first.id]),
            (2, None, "offer.lapsed", ten, *ended("lapsed", entries[0]), [owner.id, first.id]),
        ],
        entries[1]["id"]: [
            (1, second.id, "waiting.joined", nine, None, joined, []),
            (2, second.id, "waiting.met", ten, waits, {"met": [1], "offer_id": made["id"]}, []),
        ],
        made["id"]: [
            (1, None, "offer.made", ten, None, offered(made, entries[1], 60), [second.id]),
            (2, second.id, "offer.accepted", ten, *ended("accepted", entries[1]), [owner.id]),
        ],
    }
    for n, (object_id, events) in enumerate(expected.items()):
        seen = await of_object(owner, object_id)
        assert [short(each) for each in seen] == events
        concerned = first if n < 2 else second
        assert await of_object(concerned, object_id) == seen
        for stranger in {first, second, holder} - {concerned}:
            assert await of_object(stranger, object_id) == []
    [created] = await of_object(second, accepted["booking_id"])
    booked = ok(await second.get(f"/bookings/{accepted['booking_id']}"), 200)
    assert short(created)[2:] == (
        "booking.created",
        ten,
        None,
        {"asset_id": hall["id"], **told(booked["occurrences"], "confirmed"), "texts": [], "offer_id": made["id"]},
        [],
    )


async def test_like_c33_what_is_refused_or_only_tried_is_announced_to_nobody(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner)
    booking = ok(await group.book(hall, EVENING), 201)
    path = f"/bookings/{booking['id']}"
    place = {"asset_id": hall["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}
    entry = ok(await other.post("/waiting", {"any_of": [place]}), 201)
    sent = ok(await group.post(f"{path}/messages", {"text": "Hello"}), 201)
    clock.now = datetime.fromisoformat(EVENING[0])
    given = ok(await group.post(f"{path}/feedback", {"verdict": "well"}), 201)
    stale = {"headers": {"If-Match": '"x"'}}
    for each in (owner, group, other):
        ok(await each.get("/me"), 200)  # the day of which is noted
    before = await world.stored()
    for answered, status in [
        (await other.post("/waiting", {"any_of": [place]}), 422),
        (await group.post("/waiting", {"booking_id": booking["id"]}), 409),
        (await other.post(f"/waiting/{entry['id']}/leave"), 409),
        (await owner.post(f"/waiting/{entry['id']}/leave"), 403),
        (await group.post(f"{path}/check-in", {"all": True, "dry_run": True}), 200),
        (await owner.post(f"{path}/no-show", {"all": True, "dry_run": True}), 200),
        (await group.post(f"{path}/check-in", {"all": True}, **stale), 412),
        (await other.post(f"{path}/check-in", {"all": True}), 404),
        (await other.post(f"{path}/messages", {"text": "Hello"}), 404),
        (await group.post(f"{path}/messages/{sent['id']}/read"), 409),
        (await owner.post(f"{path}/messages/{sent['id']}/read", **stale), 412),
        (await owner.delete(f"{path}/messages/{sent['id']}"), 409),
        (await group.delete(f"{path}/messages/{sent['id']}", **stale), 412),
        (await group.post(f"{path}/feedback", {"verdict": "problem"}), 409),
        (await owner.delete(f"{path}/feedback/{given['id']}"), 409),
        (await group.delete(f"{path}/feedback/{given['id']}", **stale), 412),
    ]:
        ok(answered, status)
    assert await world.stored() == before


async def test_like_c33_messages_and_feedback_are_announced_without_what_they_say(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    booking = ok(await group.book(await world.asset(owner), EVENING, units=1), 201)
    path, secret = f"/bookings/{booking['id']}", "Ключ 🔑 ligt onder de mat\u202e"
    texts = [ok(await group.post(f"{path}/messages", {"text": f"{secret} {n}"}), 201) for n in range(3)]
    assert [each["text"] for each in texts] == [f"{secret} {n}" for n in range(3)]
    ok(await owner.post(f"{path}/messages/{texts[1]['id']}/read"), 200)
    ok(await group.delete(f"{path}/messages/{texts[0]['id']}"), 204)
    clock.now = datetime.fromisoformat(EVENING[0])
    given = ok(await owner.post(f"{path}/feedback", {"verdict": "problem", "text": secret}), 201)
    ok(await owner.delete(f"{path}/feedback/{given['id']}"), 204)
    began, about = "2027-01-04T09:00:00Z", {"booking_id": booking["id"]}
    sent, read = (1, group.id, "message.sent", began, None, about, [owner.id]), (2, owner.id, "message.read", began)
    expected = {
        texts[0]["id"]: [sent, (*read, None, about, []), (3, group.id, "message.erased", began, None, about, [])],
        texts[1]["id"]: [sent, (*read, None, about, [])],
        texts[2]["id"]: [sent],
        given["id"]: [
            (1, owner.id, "feedback.given", EVENING[0], None,
             {**about, "occurrence_id": booking["occurrences"][0]["id"], "verdict": "problem"}, [group.id]),
            (2, owner.id, "feedback.erased", EVENING[0], None, about, []),
        ],
    }  # fmt: skip
    for object_id, events in expected.items():
        for who in (owner, group):
            assert [short(each) for each in await of_object(who, object_id)] == events
        assert await of_object(other, object_id) == []
    assert await world.value("SELECT count(*) FROM events e WHERE e::text LIKE '%mat%'") == 0


async def test_like_c33_what_a_closure_takes_back_is_announced_once_for_each_booking(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    house = await world.asset(owner, site=site, terms={"recallable": True})
    rooms = [await world.asset(owner, site=site, part_of=house["id"], terms={"recallable": True}) for _ in range(2)]
    booked = [ok(await group.repeat(each, *EVENING, 2), 201) for each in rooms]
    sent = {"asset_id": house["id"], "starts_at": EVENING[0], "ends_at": EVENING[1], "recall": True}
    tried = await owner.post("/closures", {**sent, "dry_run": True})
    ok(await owner.post("/closures", sent, headers={"If-Match": tried.headers["ETag"]}), 201)
    for each in booked:
        _, event = await of_object(group, each["id"])
        first = each["occurrences"][:1]
        assert short(event) == (
            2,
            owner.id,
            "booking.recalled",
            "2027-01-04T09:00:00Z",
            told(first, "confirmed"),
            told(first, "recalled"),
            [group.id],
        )
        assert claims(event) == [(first[0]["id"], 120)]


async def test_like_c33_of_what_many_do_at_once_each_success_is_one_event(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    for day in range(5, 10):
        period = (f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z")
        booking = ok(await group.book(hall, period), 201)
        clock.now = datetime.fromisoformat(period[0])
        path = f"/bookings/{booking['id']}"
        tried = [(group, "check-in"), (owner, "no-show"), (owner, "check-in"), (group, "cancel"), (owner, "cancel")] * 2
        answers = await asyncio.gather(*(who.post(f"{path}/{what}", {"all": True}) for who, what in tried))
        assert Counter(each.status_code for each in answers) == {200: 1, 409: 9}
        events = await of_object(group, booking["id"])
        assert [each["object"]["version"] for each in events] == [1, 2]
        assert all(one["after"]["occurrences"] == two["before"]["occurrences"] for one, two in pairwise(events))
