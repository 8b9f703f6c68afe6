"""Assets, as they are stored."""

import msgspec
from stored import NOW, SALE, a_site, a_timetable, an_asset, an_organisation

import db.assets
from db.assets import SUMMARY
from domain.assets import (
    Arrival,
    Asset,
    AssetRequest,
    AssetSummary,
    Photo,
    SpaceDetails,
    SummaryOwner,
    SummarySite,
    VehicleDetails,
)
from domain.places import Address, about
from domain.terms import Price, Terms


def as_listed(asset_id, owner_id, request):
    plain = {name: getattr(request, name) for name in AssetRequest.__struct_fields__}
    known = {"id": asset_id, "owner_id": owner_id, "parts": [], "state": "listed"}
    return Asset(**{**plain, **known, "created_at": NOW, "updated_at": NOW})


async def test_an_asset_is_answered_as_it_was_stored(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    shared = await a_timetable(conn, owner)
    given = {
        "title": "A hall with a stage",
        "description": "Large.",
        "features": ["wifi", "step_free"],
        "capacity": 80,
        "details": SpaceDetails(area_m2=120),
        "terms": Terms(price=Price(1250, "GBP", "hour"), requires=["midas"], longest_minutes=600, horizon_days=9),
        "photos": [Photo(url="https://example.org/hall.jpg", alt="The hall")],
        "timetable_id": shared,
        "arrival": Arrival(code="1234"),
    }
    made = await an_asset(conn, owner, site, **given)
    request = AssetRequest(site_id=site, kind="space", category="hall", **given)
    asset = as_listed(made, owner, request)
    assert await db.assets.load(conn, made, owner) == asset
    assert await db.assets.load(conn, made, None) == msgspec.structs.replace(asset, arrival=None)


async def test_drafts_and_archived_assets_are_the_owners_alone(conn):
    owner, stranger = await an_organisation(conn), await an_organisation(conn)
    site = await a_site(conn, owner)
    seen = {}
    for state in ("draft", "listed", "paused", "archived"):
        made = await an_asset(conn, owner, site, state=state)
        seen[state] = [await db.assets.load(conn, made, each) is not None for each in (owner, stranger, None)]
    hidden, shown = [True, False, False], [True, True, True]
    assert seen == {"draft": hidden, "listed": shown, "paused": shown, "archived": hidden}


async def test_a_whole_names_the_parts_directly_inside_it_that_one_may_know_of(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    draft = await an_asset(conn, owner, site, part_of=hall, state="draft")
    await an_asset(conn, owner, site, part_of=half)
    own, others = await db.assets.load(conn, hall, owner), await db.assets.load(conn, hall, None)
    assert (own.parts, others.parts) == ([half, draft], [half])


async def test_assets_are_listed_by_every_filter_newest_first(conn):
    owner = await an_organisation(conn)
    site, other = await a_site(conn, owner), await a_site(conn, owner)
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall, state="paused")
    van = await an_asset(conn, owner, other, kind="vehicle", category="van", details=VehicleDetails())
    await conn.execute("UPDATE assets SET title = 'The Old Van' WHERE id = $1", van)
    everything = {
        "owner_id": None,
        "site_id": None,
        "kind": None,
        "category": None,
        "state": None,
        "part_of": None,
        "q": None,
        "after": None,
        "limit": 9,
    }

    async def found(**filters):
        return [each.id for each in await db.assets.page(conn, None, **{**everything, **filters})]

    assert await found() == await found(owner_id=owner) == [van, half, hall]
    assert await found(owner_id=owner, site_id=site) == [half, hall]
    assert await found(owner_id=site) == await found(site_id=owner) == await found(part_of=van) == []
    assert await found(q="OLD v") == await found(owner_id=owner, q="old") == [van]
    assert await found(q="%") == await found(q="older") == []
    assert await found(site_id=site) == [half, hall]
    assert await found(kind="vehicle") == [van]
    assert await found(category="hall") == [half, hall]
    assert await found(state="paused") == [half]
    assert await found(part_of=hall) == [half]
    assert await found(limit=1) == [van]
    assert await found(after=half) == [hall]


async def test_a_patch_without_a_shared_timetable_keeps_hours_of_its_own(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    own, shared = await a_timetable(conn, owner, name=None), await a_timetable(conn, owner)
    with_own = await an_asset(conn, owner, site, timetable_id=own)
    with_shared = await an_asset(conn, owner, site, timetable_id=shared)
    request = AssetRequest(site_id=site, kind="space", category="gym", title="A gym")
    for asset in (with_own, with_shared):
        assert await db.assets.update(conn, asset, owner, request, NOW) == 2
    rows = await conn.fetch("SELECT id, timetable_id, category FROM assets WHERE owner_id = $1", owner)
    assert {tuple(row) for row in rows} == {(with_own, own, "gym"), (with_shared, None, "gym")}


async def test_a_summary_shows_what_a_list_needs_and_no_private_place(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner, address=Address(town="Sale"), private=True)
    made = await an_asset(conn, owner, site, kind="people", category="cook", title="A cook")
    found = await conn.fetchval(
        f"""
        SELECT {SUMMARY} FROM assets a JOIN sites s ON s.id = a.site_id JOIN organisations o ON o.id = a.owner_id
         WHERE a.id = $1
        """,
        made,
    )
    assert msgspec.convert(found, AssetSummary) == AssetSummary(
        id=made,
        owner=SummaryOwner(owner, "Sale Hub"),
        site=SummarySite(site, "Hall Street", None, about(SALE), "Europe/London"),
        kind="people",
        category="cook",
        title="A cook",
        features=[],
        capacity=None,
        units=1,
        price=None,
        photo=None,
    )


async def test_a_state_is_set_and_counted(conn):
    owner = await an_organisation(conn)
    made = await an_asset(conn, owner, await a_site(conn, owner))
    assert await db.assets.lock(conn, made, owner) is True
    assert await db.assets.lock(conn, made, await an_organisation(conn)) is False
    assert await db.assets.set_state(conn, made, owner, "paused", NOW) == 2
    assert (await db.assets.load(conn, made, owner)).state == "paused"
