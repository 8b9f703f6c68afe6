"""What every answer says beside its body: ETag, 304, Vary; and that it is true when it is said."""

import asyncpg
from calls import World, ok


async def test_what_is_known_is_not_sent_again(world: World):
    group = await world.organisation()
    path = f"/v1/organisations/{group.id}"
    first = await world.client.get(path)
    known = first.headers["ETag"]
    for header in (known, f"W/{known}", f'"other", {known}', "*"):
        again = await world.client.get(path, headers={"If-None-Match": header})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", known)
        assert again.headers["Vary"] == "Authorization, Accept"
    ok(await world.client.get(path, headers={"If-None-Match": '"other"'}), 200)
    lines = [("If-None-Match", '"other"'), ("If-None-Match", known)]
    assert (await world.client.get(path, headers=lines)).status_code == 304


async def test_an_etag_may_stand_in_any_line_of_if_match(world: World):
    group = await world.organisation()
    known = (await group.get(f"/organisations/{group.id}")).headers["ETag"]
    token = ("Authorization", f"Bearer {group.token}")
    for lines, status in ((('"other"', '"another"'), 412), (('"other"', known), 200)):
        headers = [token, *(("If-Match", each) for each in lines)]
        path = f"/v1/organisations/{group.id}"
        ok(await world.client.patch(path, json={"description": "Soup."}, headers=headers), status)


async def test_who_sees_something_else_gets_another_etag(world: World):
    group = await world.organisation(contact={"name": "Jo"})
    own, others = await group.get(f"/organisations/{group.id}"), await world.client.get(f"/v1/organisations/{group.id}")
    assert own.headers["ETag"] != others.headers["ETag"]


async def test_c31_an_answered_201_can_be_read_on_another_connection(app, world: World):
    conn = await asyncpg.connect(world.database)
    seen = []

    async def send(message):
        if message["type"] == "http.response.start":
            seen.append((message["status"], await conn.fetchval("SELECT count(*) FROM organisations")))

    body = b'{"slug": "soup", "name": "Soup", "kind": "group"}'
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/organisations", "raw_path": b"/v1/organisations"}
    scope |= {"query_string": b"", "headers": headers, "root_path": "", "scheme": "http", "http_version": "1.1"}
    scope |= {"server": ("fallow", 80), "client": None, "asgi": {"version": "3.0"}, "extensions": {}}

    async def receive():
        return messages.pop(0)

    await app(scope, receive, send)
    await conn.close()
    assert seen == [(201, 1)]
