"""What every operation answers to whom is what the one table says."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from calls import EVERY_DAY, MANCHESTER, Organisation, World, ok

from domain.callers import ROLES, Caller
from domain.permissions import TABLE, allows

REFUSALS = {401, 403, 404}
PERIOD = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
NEED = {"category": "hall", "point": POINT, "periods": [PERIOD], "until": PERIOD["ends_at"]}
TAKEN = {"starts_at": "2027-09-05T18:00:00Z", "ends_at": "2027-09-05T20:00:00Z"}
OFTEN = {**NEED, "periods": [{"starts_at": "2027-07-06T00:00:00Z", "ends_at": "2027-12-01T00:00:00Z"}], "minutes": 60}
MEMBERS: dict[str, object] = {"on_behalf_of": {"name": "Sale Knitters"}, "ignore_terms": True}
PATHS = dict[str, tuple[str, str]]


class Asker(msgspec.Struct, frozen=True):
    """Somebody who calls: an organisation with a role, or nobody."""

    name: str
    role: str | None = None
    calls: Organisation | None = None

    def may(self, operation: str, owner: Organisation, booker: Organisation) -> bool:
        """What the table says of an object of that owner and booker."""
        if self.calls is None:
            return TABLE[operation].nobody
        caller = Caller(UUID(self.calls.id), "group", "verified", self.role, UUID(int=1))
        return allows(operation, caller, owner_id=UUID(owner.id), booker_id=UUID(booker.id))


class Things(msgspec.Struct):
    """Objects of an owner, one of each kind, and a booking of one of them by another organisation."""

    owner: Organisation
    booker: Organisation
    site_id: str
    asset_id: str
    archived_id: str
    timetable_id: str
    token_id: str
    booking_id: str
    begun_id: str
    need_id: str
    wanted_id: str
    taken_id: str
    offer_id: str = ""
    waiting_id: str = ""
    message_id: str = ""
    feedback_id: str = ""
    closure_id: str = ""
    limit_id: str = ""
    count: int = 0

    def path(self, operation: str, path: str) -> str:
        """The address of an operation, filled in."""
        asset_id = self.archived_id if operation == "archiveAsset" else self.asset_id
        booking_id = self.begun_id if operation in {"giveFeedback", "eraseFeedback"} else self.booking_id
        return path.format(
            id_or_slug=self.owner.id,
            asset_id=asset_id,
            site_id=self.site_id,
            timetable_id=self.timetable_id,
            token_id=self.token_id,
            booking_id=booking_id,
            closure_id=self.closure_id,
            limit_id=self.limit_id,
            need_id=self.need_id,
            offer_id=self.offer_id,
            waiting_id=self.waiting_id,
            message_id=self.message_id,
            feedback_id=self.feedback_id,
            on="2027-01-03",
        )

    def request(self, operation: str) -> dict[str, Any]:
        """What is sent, well formed in every case."""
        self.count += 1
        hours = {"seasons": [{"starts_on": "2027-01-01", "hours": [{"day": EVERY_DAY[0], **OPEN}]}]}
        bodies: dict[str, dict[str, Any]] = {
            "registerOrganisation": {"slug": f"new-{self.owner.id}-{self.count}", "name": "New", "kind": "group"},
            "updateOrganisation": {"description": f"Changed {self.count} times"},
            "createToken": {"name": "kiosk", "role": "member"},
            "createSite": {"name": "Hall Street", "point": POINT},
            "updateSite": {"name": f"Changed {self.count} times"},
            "createAsset": {"site_id": self.site_id, "kind": "space", "category": "hall", "title": "A hall"},
            "updateAsset": {"title": f"Changed {self.count} times"},
            "copyAsset": {"site_ids": [self.site_id]},
            "replaceHours": {"always": True},
            "createTimetable": {"name": "Shared", **hours},
            "replaceTimetable": {"name": "Shared", **hours},
            "createClosure": {"site_id": self.site_id, "dry_run": True, **PERIOD},
            "createLimit": {"counts": "days_ahead", "most": 3650},
            "updateLimit": {"most": 1000 + self.count},
            "bookAsset": {"asset_id": self.asset_id, "periods": [PERIOD], "dry_run": True},
            "joinWaitingList": {"any_of": [{"asset_id": self.taken_id, **TAKEN}]},
            "createOffer": {"asset_id": self.asset_id, "need_id": self.wanted_id, "dry_run": True},
            "tryTimetable": {"asset_ids": [self.asset_id], "always": True, **PERIOD},
            "createNeed": NEED,
            "updateNeed": {"attendees": self.count},
            "sendMessage": {"text": "Is there a ramp?"},
            "giveFeedback": {"verdict": "well"},
            "moveBooking": {"all": True, "units": 1},
            "retrySkipped": {"all": True},
            "approveBooking": {"all": True},
            "declineBooking": {"all": True},
            "cancelBooking": {"all": True},
            "recallBooking": {"all": True},
            "checkIn": {"all": True},
            "reportNoShow": {"all": True},
        }
        queries: dict[str, dict[str, Any]] = {
            "getAvailability": PERIOD,
            "getIdle": PERIOD,
            "listStarts": {**PERIOD, "minutes": 60},
            "explainPeriod": PERIOD,
            "searchAssets": {"lon": MANCHESTER[0], "lat": MANCHESTER[1], **PERIOD},
        }
        needed = {"replaceHours", "replaceTimetable"}
        return {
            "json": bodies.get(operation),
            "params": queries.get(operation),
            "headers": {"If-Match": "*"} if operation in needed else {},
        }


OPEN = {"opens": "09:00", "closes": "17:00"}


async def make_things(world: World, owner: Organisation, booker: Organisation) -> Things:
    site = await world.site(owner)
    asset = await world.asset(owner, site=site)
    archived = await world.asset(owner, site=site)
    timetable = ok(await owner.post("/timetables", {"name": "Shared", "always": True}), 201)
    token = ok(await owner.post("/tokens", {"name": "kept", "role": "member"}), 201)
    booking = ok(await booker.book(asset, ("2027-08-05T18:00:00Z", "2027-08-05T20:00:00Z")), 201)
    return Things(
        owner,
        booker,
        site_id=site["id"],
        asset_id=asset["id"],
        archived_id=archived["id"],
        timetable_id=timetable["id"],
        token_id=token["id"],
        booking_id=booking["id"],
        begun_id=ok(await booker.book(asset, ("2027-01-04T09:00:00Z", "2027-01-04T10:00:00Z")), 201)["id"],
        need_id=ok(await owner.post("/needs", NEED), 201)["id"],
        wanted_id=ok(await booker.post("/needs", NEED), 201)["id"],
        taken_id=await taken(world, owner, site),
    )


async def taken(world: World, owner: Organisation, site: dict[str, Any]) -> str:
    """An asset that somebody else has for a while."""
    asset = await world.asset(owner, site=site)
    ok(await (await world.organisation()).book(asset, (TAKEN["starts_at"], TAKEN["ends_at"])), 201)
    return asset["id"]


async def renew(things: Things, operation: str) -> None:
    """Make again what an earlier caller may have erased."""
    if operation in {"getClosure", "deleteClosure"}:
        body = {"site_id": things.site_id, "starts_at": "2028-07-05T18:00:00Z", "ends_at": "2028-07-05T20:00:00Z"}
        things.closure_id = ok(await things.owner.post("/closures", body), 201)["closure"]["id"]
    if operation in {"getLimit", "updateLimit", "deleteLimit"}:
        body = {"asset_id": things.asset_id, "counts": "days_ahead", "most": 3650}
        things.limit_id = ok(await things.owner.post("/limits", body), 201)["id"]
    if operation in {"getOffer", "acceptOffer", "declineOffer", "withdrawOffer"}:
        need = ok(await things.booker.post("/needs", OFTEN), 201)
        sent = {"asset_id": things.asset_id, "need_id": need["id"]}
        things.offer_id = ok(await things.owner.post("/offers", sent), 201)["id"]
    if operation in {"getWaiting", "leaveWaitingList"}:
        for each in ok(await things.booker.get("/waiting", state="waiting"), 200)["items"]:
            ok(await things.booker.post(f"/waiting/{each['id']}/leave"), 200)
        sent = {"any_of": [{"asset_id": things.taken_id, **TAKEN}]}
        things.waiting_id = ok(await things.booker.post("/waiting", sent), 201)["id"]
    if operation == "eraseFeedback":
        path = f"/bookings/{things.begun_id}/feedback"
        await things.booker.post(path, {"verdict": "well"})
        given = ok(await things.booker.get(path), 200)["items"]
        [things.feedback_id] = [each["id"] for each in given if each["giver_id"] == things.booker.id]
    if operation in {"markMessageRead", "eraseMessage"}:
        sent = ok(await things.booker.post(f"/bookings/{things.booking_id}/messages", {"text": "Yes"}), 201)
        things.message_id = sent["id"]
    if operation in {"getToken", "revokeToken"}:
        made = ok(await things.owner.post("/tokens", {"name": "to be revoked", "role": "member"}), 201)
        things.token_id = made["id"]


async def served(client: httpx.AsyncClient) -> PATHS:
    """Method and path of every operation that the server says it has."""
    document = ok(await client.get("/openapi.json"), 200)
    return {
        each["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    }


@pytest.fixture
async def organisations(world: World) -> dict[str, Organisation]:
    return {name: await world.organisation() for name in ("owner", "booker", "stranger")}


@pytest.fixture
async def askers(organisations: dict[str, Organisation]) -> list[Asker]:
    """Everybody, those who may least first: what they are refused, those after them still find as it was."""
    askers = [Asker("nobody")]
    for name in ("stranger", "booker", "owner"):
        askers += [Asker(name, role, await organisations[name].as_role(role)) for role in ROLES]
    return askers


async def test_every_operation_has_its_row_and_every_row_its_operation(client: httpx.AsyncClient):
    assert sorted(await served(client)) == sorted(name for name in TABLE if "." not in name)


@pytest.mark.parametrize("swapped", [False, True], ids=["objects of the owner", "objects of the booker"])
async def test_every_operation_answers_everybody_as_the_table_says(
    world: World, organisations: dict[str, Organisation], askers: list[Asker], swapped
):
    """Their own and others': what is the owner's and booked by the booker, and the other way round."""
    names = ("booker", "owner") if swapped else ("owner", "booker")
    things = await make_things(world, *(organisations[name] for name in names))
    askers.sort(key=lambda asker: asker.name == names[0])
    wrong = []
    for operation, (method, path) in (await served(world.client)).items():
        for asker in askers:
            await renew(things, operation)
            sent = things.request(operation)
            headers = sent.pop("headers")
            if asker.calls:
                headers["Authorization"] = f"Bearer {asker.calls.token}"
            answer = await world.client.request(method, things.path(operation, path), headers=headers, **sent)
            assert answer.status_code not in {400, 405, 406, 415, 422, 428, 429, 500, 503}, (operation, answer.text)
            allowed = answer.status_code not in REFUSALS
            if allowed != asker.may(operation, things.owner, things.booker):
                wrong.append(
                    f"{operation} by {asker.role or ''} {asker.name}: {answer.status_code} {answer.text[:200]}"
                )
            if not asker.calls and not allowed and answer.status_code != 401:
                wrong.append(f"{operation} by nobody: {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize(("member", "value"), MEMBERS.items())
async def test_a_member_that_not_everybody_may_send_is_refused_as_the_table_says(
    world: World, organisations: dict[str, Organisation], askers: list[Asker], member: str, value: object
):
    things = await make_things(world, organisations["owner"], organisations["booker"])
    sent = {"asset_id": things.asset_id, "periods": [PERIOD], "dry_run": True, member: value}
    wrong = []
    for asker in askers[1:]:
        answer = await asker.calls.post("/bookings", sent)
        due = 200 if asker.may(f"bookAsset.{member}", things.owner, things.booker) else 403
        if answer.status_code != due:
            wrong.append(f"{asker.role} {asker.name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


def test_every_such_member_is_tried():
    assert {f"bookAsset.{member}" for member in MEMBERS} == {name for name in TABLE if "." in name}


async def test_an_organisation_that_is_not_verified_publishes_nothing(world: World):
    owner = await world.organisation(verified=False)
    asset = await world.asset(owner, published=False)
    refused = ok(await owner.post(f"/assets/{asset['id']}/publish"), 403)
    assert refused["type"] == "/problems/unverified"


async def test_a_suspended_organisation_changes_nothing_and_reads_everything(
    world: World, organisations: dict[str, Organisation]
):
    owner, booker = organisations["owner"], organisations["booker"]
    things = await make_things(world, owner, booker)
    await renew(things, "getClosure")
    await renew(things, "getLimit")
    await renew(things, "getOffer")
    await renew(things, "getWaiting")
    await renew(things, "eraseMessage")
    await renew(things, "eraseFeedback")
    await world.run("UPDATE organisations SET state = 'suspended' WHERE id = $1", owner.id)
    wrong = []
    for operation, (method, path) in (await served(world.client)).items():
        sent = things.request(operation)
        headers = {"Authorization": f"Bearer {owner.token}", **sent.pop("headers")}
        answer = await world.client.request(method, things.path(operation, path), headers=headers, **sent)
        suspended = answer.status_code == 403 and answer.json()["type"] == "/problems/suspended"
        if suspended != TABLE[operation].changes:
            wrong.append(f"{operation}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
