"""The one table of who may do what."""

from pathlib import Path
from uuid import UUID

import pytest

from domain import permissions
from domain.callers import Caller
from domain.errors import Forbidden, NotFound, Refused, Suspended, Unauthenticated, Unverified

ONE, OTHER, THIRD = (UUID(int=n) for n in (1, 2, 3))


def a_caller(role="admin", *, state="verified") -> Caller:
    return Caller(ONE, "group", state, role, UUID(int=9))


@pytest.mark.parametrize(
    ("operation", "caller", "owner_id", "refusal"),
    [
        ("updateSite", None, ONE, Unauthenticated),
        ("updateSite", a_caller("manager"), OTHER, Forbidden),
        ("updateSite", a_caller("member"), ONE, Forbidden),
        ("updateSite", a_caller("admin", state="suspended"), ONE, Suspended),
        ("publishAsset", a_caller("manager", state="unverified"), ONE, Unverified),
        ("publishAsset", a_caller("member", state="unverified"), ONE, Forbidden),
        ("cancelBooking", a_caller("admin"), OTHER, NotFound),
        ("cancelBooking", a_caller("admin", state="suspended"), OTHER, NotFound),
        ("createToken", a_caller("manager"), None, Forbidden),
    ],
)
def test_who_may_not_is_told_why(operation: str, caller: Caller, owner_id: UUID, refusal: type[Refused]):
    with pytest.raises(refusal) as caught:
        permissions.require(operation, caller, owner_id=owner_id)
    assert type(caught.value) is refusal


def test_who_may_is_answered_as_the_caller():
    caller = a_caller("manager")
    assert permissions.require("updateSite", caller, owner_id=ONE) is caller
    assert permissions.require("cancelBooking", a_caller("member"), owner_id=OTHER, booker_id=ONE)
    assert permissions.require("getBooking", a_caller("member", state="suspended"), owner_id=ONE, booker_id=OTHER)


def test_nobody_may_read_what_is_public():
    permissions.allow("getSite", None, owner_id=ONE)
    with pytest.raises(Unauthenticated):
        permissions.allow("listBookings", None)


def test_relations_are_those_of_the_object():
    caller = a_caller()
    assert [
        permissions.relation(None, ONE, OTHER),
        permissions.relation(caller, ONE, OTHER),
        permissions.relation(caller, ONE, ONE),
        permissions.relation(caller, OTHER, ONE),
        permissions.relation(caller, OTHER, THIRD),
        permissions.relation(caller, None, None),
    ] == ["nobody", "owner", "owner", "booker", "stranger", "owner"]


def test_the_page_in_the_docs_is_made_from_the_table():
    page = Path(__file__).parents[2] / "docs" / "permissions.md"
    assert page.read_text() == permissions.as_markdown(), (
        "python -c 'from domain import permissions; print(permissions.as_markdown(), end=\"\")' > docs/permissions.md"
    )
