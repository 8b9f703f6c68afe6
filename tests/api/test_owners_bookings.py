"""What the owner's staff may do when they book what is their own: for a group without an account, past the terms."""

from typing import Any

import pytest
from calls import World, daily, ok, pointers, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
KNITTERS = {"name": "Sale Knitters", "email": "knit@example.org", "phone": "0161 496 0000"}


async def test_the_owners_staff_book_for_a_group_without_an_account(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    staff = await owner.as_role("member")
    booking = ok(await staff.book(asset, EVENING, on_behalf_of=KNITTERS), 201)
    assert (booking["owner_id"], booking["booker_id"]) == (owner.id, owner.id)
    assert booking["on_behalf_of"] == KNITTERS
    assert ok(await owner.get(f"/bookings/{booking['id']}"), 200) == booking
    [event] = [e for e in ok(await owner.get("/events"), 200)["items"] if e["type"] == "booking.created"]
    assert event["after"]["texts"] == ["on_behalf_of"]
    assert "Knitters" not in str(event)


async def test_whoever_is_meant_needs_a_name_and_may_do_without_the_rest(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await owner.book(asset, EVENING, on_behalf_of={"name": "Sale Knitters"}, dry_run=True), 200)
    assert booking["on_behalf_of"] == {"name": "Sale Knitters", "email": None, "phone": None}
    assert ok(await owner.book(asset, EVENING), 201)["on_behalf_of"] is None
    wrong = {"name": " ", "email": "knit", "phone": "call me"}
    assert pointers(await owner.book(asset, EVENING, on_behalf_of=wrong)) == [
        "#/on_behalf_of/email",
        "#/on_behalf_of/name",
        "#/on_behalf_of/phone",
    ]
    assert pointers(await owner.book(asset, EVENING, on_behalf_of={})) == ["#/on_behalf_of/name"]


async def test_a_group_books_for_itself_alone_and_by_the_terms(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    refused = ok(await group.book(asset, EVENING, on_behalf_of=KNITTERS), 403)
    assert (refused["type"], refused["detail"]) == (
        "/problems/forbidden",
        "`on_behalf_of` is only for the staff of the organisation that it belongs to.",
    )
    refused = ok(await group.book(asset, EVENING, ignore_terms=True), 403)
    assert refused["detail"] == "`ignore_terms` is only for the staff of the organisation that it belongs to."
    member = await owner.as_role("member")
    refused = ok(await member.book(asset, EVENING, ignore_terms=True), 403)
    assert refused["detail"] == "`ignore_terms` needs the role manager; the token has the role member."
    draft = await world.asset(owner, published=False)
    assert ok(await group.book(draft, EVENING, ignore_terms=True), 404)["detail"] == "There is no such asset."


STRICT = {
    "shortest_minutes": 60,
    "longest_minutes": 120,
    "step_minutes": 60,
    "notice_minutes": 1440,
    "horizon_days": 300,
    "requires": ["public_liability"],
    "min_attendees": 10,
}


@pytest.mark.parametrize(
    ("period", "codes"),
    [
        (("2027-01-04T10:00:00Z", "2027-01-04T11:00:00Z"), ["too_soon"]),
        (("2027-12-05T10:00:00Z", "2027-12-05T11:00:00Z"), ["too_far_ahead"]),
        (("2027-06-05T10:00:00Z", "2027-06-05T10:30:00Z"), ["off_step", "too_short"]),
        (("2027-06-05T10:00:00Z", "2027-06-05T13:00:00Z"), ["too_long"]),
    ],
)
async def test_a_manager_books_past_the_terms(world: World, period: tuple[str, str], codes: list[str]):
    owner = await world.organisation()
    asset = await world.asset(owner, terms=STRICT)
    manager = await owner.as_role("manager")
    [against] = reasons(await manager.book(asset, period))
    assert sorted(against) == sorted([*codes, "requirement_missing", "too_few_attendees"])
    ok(await manager.book(asset, period, ignore_terms=True, dry_run=True), 200)
    assert ok(await manager.book(asset, period, ignore_terms=True), 201)["state"] == "confirmed"
    [event] = [e for e in ok(await owner.get("/events"), 200)["items"] if e["type"] == "booking.created"]
    assert event["after"]["ignore_terms"] is True


async def test_a_paper_that_is_out_of_date_is_a_term_too(world: World):
    holds = [{"code": "public_liability", "expires_on": "2027-01-05"}]
    owner = await world.organisation(holds=holds)
    asset = await world.asset(owner, terms={"requires": ["public_liability"]})
    assert reasons(await owner.book(asset, EVENING)) == [["requirement_expired"]]
    ok(await owner.book(asset, EVENING, ignore_terms=True), 201)


async def test_nobody_books_past_what_is_no_term(world: World):
    """An occupancy, a closure, hours, the state of the listing, units, capacity, the past."""
    owner = await world.organisation()
    asset = await world.asset(owner, hours=daily("08:00", "22:00"), capacity=20)

    async def against(*period: str, **given: Any) -> list[str]:
        [codes] = reasons(await owner.book(given.pop("of", asset), period, ignore_terms=True, **given))
        return codes

    ok(await owner.book(asset, EVENING), 201)
    assert await against(*EVENING) == ["taken"]
    assert await against("2027-07-06T03:00:00Z", "2027-07-06T04:00:00Z") == ["closed"]
    assert await against("2027-01-03T12:00:00Z", "2027-01-03T13:00:00Z") == ["in_the_past"]
    assert await against("2027-07-07T12:00:00Z", "2027-07-07T13:00:00Z", units=2, attendees=50) == [
        "too_few_units",
        "too_small",
    ]
    shut = {"asset_id": asset["id"], "starts_at": "2027-07-08T00:00:00Z", "ends_at": "2027-07-09T00:00:00Z"}
    ok(await owner.post("/closures", shut), 201)
    assert await against("2027-07-08T12:00:00Z", "2027-07-08T13:00:00Z") == ["closed"]
    draft = await world.asset(owner, published=False)
    assert await against("2027-07-07T12:00:00Z", "2027-07-07T13:00:00Z", of=draft) == ["not_listed"]
