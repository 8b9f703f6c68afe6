"""Cursors: nobody forges one, and none serves for another list."""

from uuid import UUID

import pytest

from api.cursors import Cursors
from domain.errors import CursorInvalid, CursorMismatch

HERE = UUID("0190b0d0-0000-7000-8000-000000000000")
FILTERS = {"q": None, "owner_id": HERE}


def test_a_cursor_comes_back_as_what_went_in():
    cursor = Cursors(b"secret").encode("listSites", FILTERS, HERE)
    assert Cursors(b"secret").decode("listSites", FILTERS, cursor, UUID) == HERE


@pytest.mark.parametrize("operation", ["listSites", "listAssets"])
@pytest.mark.parametrize("secret", [b"secret", b"other"])
def test_a_cursor_serves_only_the_list_and_the_service_that_made_it(operation: str, secret: bytes):
    cursor = Cursors(b"secret").encode("listSites", FILTERS, HERE)
    if (operation, secret) == ("listSites", b"secret"):
        assert Cursors(secret).decode(operation, FILTERS, cursor, UUID)
    else:
        with pytest.raises(CursorInvalid):
            Cursors(secret).decode(operation, FILTERS, cursor, UUID)


def test_other_filters_are_another_list():
    cursor = Cursors(b"secret").encode("listSites", FILTERS, HERE)
    with pytest.raises(CursorMismatch):
        Cursors(b"secret").decode("listSites", {**FILTERS, "q": "hall"}, cursor, UUID)


def test_no_altered_cursor_is_taken():
    cursor = Cursors(b"secret").encode("listSites", FILTERS, HERE)
    altered = [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(len(cursor) - 1)]
    for wrong in [*altered, cursor[:-1], cursor + "AAAA", "", "é", "====", "a b"]:
        with pytest.raises(CursorInvalid):
            Cursors(b"secret").decode("listSites", FILTERS, wrong, UUID)
