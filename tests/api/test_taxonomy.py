"""The published lists."""

import httpx
import pytest
from calls import ok

from domain.taxonomy import taxonomy


@pytest.mark.parametrize("name", ["categories", "features", "requirements", "purposes"])
async def test_a_list_is_read_to_its_end_by_code(client: httpx.AsyncClient, name: str):
    codes, cursor = [], {}
    while True:
        page = ok(await client.get(f"/v1/{name}", params={"limit": 9, **cursor}), 200)
        codes += [each["code"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert codes == list(getattr(taxonomy(), name))
    assert set(page["items"][0]) == {"code", "title", "description", "kinds"}
