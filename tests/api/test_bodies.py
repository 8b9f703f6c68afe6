"""Bodies: JSON and nothing but JSON."""

from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import jsonschema_rs
import msgspec
import pytest
from calls import World, ok, pointers
from contract import contract
from msgspec import Meta

from api import operations
from api.app import create_app
from api.bodies import MERGE_PATCH, merge
from api.settings import Settings
from domain import words
from domain.types import Url

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b'{"name": "\xff"}', 400, "malformed"),
        (b'{"name": "\\ud800"}', 400, "malformed"),
        (b"[" * 1500, 400, "malformed"),
        (b'{"name": ' * 1500, 400, "malformed"),
        (b'{"slug": NaN}', 400, "malformed"),
        (b'\xef\xbb\xbf{"slug": "a"}', 400, "malformed"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b'{"a": "' + b"a" * 262144 + b'"}', 413, "too-large"),
    ],
)
async def test_what_cannot_be_read_is_refused(client: httpx.AsyncClient, body: bytes, status: int, slug: str):
    answer = await client.post("/v1/organisations", content=body, headers=JSON)
    problem = ok(answer, status)
    assert problem["type"] == f"/problems/{slug}"
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "The body is not JSON: Input data was truncated."),
        (b"{'slug': 1}", "The body is not JSON: object keys must be strings (byte 1)."),
        (b'{"slug": 1e400}', "The body is not JSON: Number out of range."),
        (b'{"slug": "\xff"}', "The body is not UTF-8: look at byte 10."),
        (b'{"slug": "\\udc00 and more"}', "The body is not JSON: invalid utf-16 surrogate pair (byte 16)."),
        (b"", "The body is missing; send JSON, at least {}."),
        (b"[" * 60 + b"]" * 60, "The body is nested too deeply."),
    ],
)
async def test_what_cannot_be_read_is_told_why(client: httpx.AsyncClient, body: bytes, said: str):
    assert ok(await client.post("/v1/organisations", content=body, headers=JSON), 400)["detail"] == said


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/merge-patch+json", "application/json; charset=latin-1", ""]
)
async def test_other_kinds_of_body_are_refused(client: httpx.AsyncClient, kind: str):
    answer = await client.post("/v1/organisations", content=b"{}", headers={"Content-Type": kind})
    assert ok(answer, 415)["type"] == "/problems/unsupported-media-type"


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        (b"", 200, None),
        (b" {} ", 200, None),
        (b'{"dry_run": true}', 422, [("#/dry_run", "There is no such field; none is taken here.")]),
        (b'{"a/b": 1}', 422, [("#/a~1b", "There is no such field; none is taken here.")]),
        (b"null", 422, [("#", "Expected no body, or {}; got null.")]),
        (b"[{}]", 422, [("#", "Expected no body, or {}; got a list of 1.")]),
        (b"yes", 400, []),
        (b'"' + b"a" * 262144 + b'"', 413, []),
    ],
)
async def test_what_takes_no_body_does_nothing_else_than_was_asked(
    world: World, body: bytes, status: int, errors: list[tuple[str, str]] | None
):
    """A `dry_run` that is not known there must not be for real."""
    owner = await world.organisation()
    asset = await world.asset(owner)
    answer = ok(await owner.send("POST", f"/assets/{asset['id']}/pause", content=body), status)
    assert errors is None or [(each["pointer"], each["detail"]) for each in answer["errors"]] == errors
    state = ok(await owner.get(f"/assets/{asset['id']}"), 200)["state"]
    assert state == ("paused" if status == 200 else "listed")


async def test_what_is_deleted_takes_no_body_either(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    period = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}
    closure = ok(await owner.post("/closures", {"asset_id": asset["id"], **period}), 201)["closure"]
    assert pointers(await owner.send("DELETE", f"/closures/{closure['id']}", {"dry_run": True})) == ["#/dry_run"]
    ok(await owner.get(f"/closures/{closure['id']}"), 200)
    ok(await owner.delete(f"/closures/{closure['id']}"), 204)


async def test_a_merge_patch_is_checked_as_the_whole_document(world: World):
    group = await world.organisation(description="Soup", website="https://example.org/")
    patch = {"description": None, "contact": {"email": "a@example.org"}, "kind": "club", "colour": "red", "name": None}
    refused = ok(await group.patch("/organisations/" + group.id, patch), 422)
    assert {each["pointer"] for each in refused["errors"]} == {"#/kind", "#/colour", "#/name"}
    del patch["kind"], patch["colour"], patch["name"]
    options = {"headers": {"Content-Type": "application/merge-patch+json"}}
    changed = ok(await group.patch("/organisations/" + group.id, patch, **options), 200)
    assert changed["description"] is None
    assert changed["website"] == "https://example.org/"
    assert changed["contact"] == {"name": None, "email": "a@example.org", "phone": None}


@pytest.mark.parametrize(
    ("operation", "patch", "becomes"),
    [
        ("updateSite", {"private": None}, {"private": False}),
        ("updateSite", {"point": {}}, {"point": {"type": "Point", "coordinates": [-2.2, 53.4]}}),
        ("updateSite", {"point": {"coordinates": None}}, None),
        ("updateSite", {"name": None}, None),
        ("updateAsset", {"units": None}, {"units": 1}),
        ("updateAsset", {"details": {"area_m2": 50}}, {"details": {"kind": "space", "area_m2": 50, "layouts": []}}),
        ("updateAsset", {"details": {"kind": None}}, None),
        ("updateAsset", {"terms": {"price": {"per": None}}}, None),
    ],
)
async def test_a_merge_patch_reaches_into_objects_and_the_contract_says_so(
    world: World, operation: str, patch: dict[str, Any], becomes: dict[str, Any] | None
):
    """What may be left out or taken away in them, and what may not."""
    owner = await world.organisation()
    site = await world.site(owner, private=True, point={"type": "Point", "coordinates": [-2.2, 53.4]})
    price = {"amount": 500, "currency": "GBP", "per": "hour"}
    details = {"kind": "space", "area_m2": 40}
    asset = await world.asset(owner, site=site, units=3, details=details, terms={"price": price})
    path = {"updateSite": f"/sites/{site['id']}", "updateAsset": f"/assets/{asset['id']}"}[operation]
    changed = ok(await owner.patch(path, patch), 422 if becomes is None else 200)
    assert becomes is None or {name: changed[name] for name in becomes} == becomes
    schema = contract().operations[operation]["requestBody"]["content"][MERGE_PATCH]["schema"]
    promised = jsonschema_rs.is_valid({**schema, "components": contract().components}, patch)
    assert promised == (becomes is not None)


async def test_a_merge_patch_is_an_object(world: World):
    group = await world.organisation()
    assert ok(await group.patch("/organisations/" + group.id, []), 422)["errors"][0]["pointer"] == "#"


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_is_that_of_the_rfc(target: object, patch: object, merged: object):
    assert merge(target, patch) == merged


def inside(info: msgspec.inspect.Type, seen: set[type], *, said: bool = False) -> Iterator[msgspec.inspect.StrType]:
    """Every text with a pattern inside a type that is not put into words."""
    match info:
        case msgspec.inspect.Metadata(type=inner, extra=extra):
            yield from inside(inner, seen, said=said or "words" in (extra or {}))
        case msgspec.inspect.StructType(cls=kind, fields=fields) if kind not in seen:
            seen.add(kind)
            for field in fields:
                yield from inside(field.type, seen)
        case msgspec.inspect.UnionType(types=types) | msgspec.inspect.TupleType(item_types=types):
            for each in types:
                yield from inside(each, seen, said=said)
        case msgspec.inspect.ListType(item_type=inner):
            yield from inside(inner, seen)
        case msgspec.inspect.StrType(pattern=str(pattern)) if not said and pattern != words.NOT_BLANK:
            yield info


def test_every_pattern_that_anyone_can_miss_has_words():
    app = create_app(Settings(database_url="", database_read_url=""))
    seen: set[type] = set()
    kinds = [kind for operation in operations.find(app) for _, kind in operation.kinds()]
    assert [each for kind in kinds for each in inside(msgspec.inspect.type_info(kind), seen)] == []
    assert list(inside(msgspec.inspect.type_info(Annotated[str, Meta(pattern="x")]), seen)) != []
    assert list(inside(msgspec.inspect.type_info(Url), seen)) == []
