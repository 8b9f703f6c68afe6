"""Sites, as they are stored."""

import msgspec
from stored import NOW, SALE, a_site, an_asset, an_organisation

import db.sites
import domain.sites
from domain.places import Address, Point, about
from domain.sites import Site, SiteRequest


async def test_a_site_is_answered_as_it_was_stored(conn):
    owner = await an_organisation(conn)
    made = await a_site(conn, owner, address=Address(town="Sale"))
    stored = Site(
        id=made,
        owner_id=owner,
        name="Hall Street",
        address=Address(town="Sale"),
        point=SALE,
        precision="point",
        timezone="Europe/London",
        private=False,
        created_at=NOW,
        updated_at=NOW,
    )
    assert await db.sites.load(conn, made, None) == stored


async def test_others_see_a_private_site_near_by_and_without_its_address(conn):
    owner, stranger = await an_organisation(conn), await an_organisation(conn)
    made = await a_site(conn, owner, address=Address(town="Sale"), private=True)
    own = await db.sites.load(conn, made, owner)
    assert own is not None
    assert (own.point, own.address) == (SALE, Address(town="Sale"))
    others = msgspec.structs.replace(own, point=about(SALE), address=None)
    assert await db.sites.load(conn, made, None) == others
    assert await db.sites.load(conn, made, stranger) == others


async def test_a_private_address_cannot_be_searched_by_others(conn):
    owner = await an_organisation(conn)
    private = await a_site(conn, owner, address=Address(town="Sale"), private=True)
    public = await a_site(conn, owner, address=Address(town="Sale"))

    async def found(organisation, q, after=None, limit=5):
        sites = await db.sites.page(conn, organisation, owner_id=owner, q=q, after=after, limit=limit)
        return [site.id for site in sites]

    assert await found(owner, "sale") == [public, private]
    assert await found(None, "sale") == [public]
    assert await found(None, "hall STREET") == [public, private]
    assert await found(None, None, limit=1) == [public]
    assert await found(None, None, after=public) == [private]
    assert await found(None, "%") == []


async def test_assets_move_with_their_site(conn):
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    asset = await an_asset(conn, owner, site)
    fiji = SiteRequest(name="Fiji", point=Point((179.99, -16.85)), timezone="Pacific/Fiji", private=True)
    placed = domain.sites.place(fiji, {"Pacific/Fiji"})
    assert await db.sites.update(conn, site, owner, placed, NOW) == 2
    row = await conn.fetchrow(
        "SELECT timezone, ST_X(location::geometry), ST_Y(location::geometry) FROM assets WHERE id = $1", asset
    )
    assert tuple(row) == ("Pacific/Fiji", *placed.shown.coordinates)


async def test_a_site_is_kept_only_for_its_owner(conn):
    owner, stranger = await an_organisation(conn), await an_organisation(conn)
    site = await a_site(conn, owner, private=True)
    assert await db.sites.keep(conn, site, owner) is True
    assert await db.sites.keep(conn, site, stranger) is None
    assert await db.sites.has_people(conn, site, owner) is False
    await an_asset(conn, owner, site, kind="people", category="cook")
    assert await db.sites.has_people(conn, site, owner) is True
