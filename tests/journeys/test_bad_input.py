"""Bad input as it comes over a socket: what no client library would send, answered by the running server."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from calls import World, ok

Raw = tuple[str, bytes, int, str]
HOST = b"Host: fallow\r\n"
NAMELESS = b'{"name": "%s", "point": {"type": "Point", "coordinates": [%s, 51]}}'


def post(body: bytes, *headers: bytes, path: bytes = b"/v1/sites", version: bytes = b"1.1") -> bytes:
    """A POST with a token, its length and whatever else is given."""
    lines = [b"Authorization: Bearer {token}", b"Content-Type: application/json", *headers]
    if not any(header.startswith((b"Content-Length", b"Transfer-Encoding")) for header in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"POST %s HTTP/%s\r\n%s%s\r\n\r\n%s" % (path, version, HOST, b"\r\n".join(lines), body)


def bare(line: bytes, *headers: bytes) -> bytes:
    return line + b"\r\n" + HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


def chunked(body: bytes, size: int = 65_536) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
MEGABYTE = NAMELESS % (b"a" * 1_000_000, b"0")
TOKEN = b"Authorization: Bearer {token}"

# What is wrong, the bytes, and the documented answer: status and slug (empty: no problem of ours).
ROWS: list[Raw] = [
    ("NaN", post(NAMELESS % (b"A", b"NaN")), 400, "malformed"),
    ("Infinity", post(NAMELESS % (b"A", b"-Infinity")), 400, "malformed"),
    ("a number past every double", post(NAMELESS % (b"A", b"1e400")), 400, "malformed"),
    ("a number of 5,000 digits", post(NAMELESS % (b"A", b"9" * 5000)), 400, "malformed"),
    ("minus nothing at all", post(NAMELESS % (b"A", b"-")), 400, "malformed"),
    ("a longitude too far", post(NAMELESS % (b"A", b"180.5")), 422, "invalid"),
    ("a boolean as a number", post(NAMELESS % (b"A", b"true")), 422, "invalid"),
    ("only blanks", post(NAMELESS % (b" \\t ", b"0")), 422, "invalid"),
    ("a name of 5,000 letters", post(NAMELESS % (b"a" * 5000, b"0")), 422, "invalid"),
    ("U+0000 escaped", post(NAMELESS % (b"a\\u0000", b"0")), 422, "invalid"),
    ("U+0000 as a byte", post(NAMELESS % (b"a\0", b"0")), 400, "malformed"),
    ("a lone surrogate", post(NAMELESS % (b"\\ud800", b"0")), 400, "malformed"),
    ("bytes that are not UTF-8", post(NAMELESS % (b"\xc3\x28", b"0")), 400, "malformed"),
    ("UTF-16", post("{}".encode("utf-16")), 400, "malformed"),
    ("5,000 brackets", post(b"[" * 5000), 400, "malformed"),
    ("5,000 closed brackets", post(b"[" * 5000 + b"]" * 5000), 400, "malformed"),
    ("two bodies", post(b"{}{}"), 400, "malformed"),
    ("no body", post(b""), 400, "malformed"),
    ("a megabyte", post(MEGABYTE), 413, "too-large"),
    ("a megabyte in chunks", post(chunked(MEGABYTE), CHUNKED), 413, "too-large"),
    ("a megabyte with HTTP/1.0", post(MEGABYTE, version=b"1.0"), 413, "too-large"),
    ("a terabyte announced", post(b"", b"Content-Length: 1099511627776"), 413, "too-large"),
    ("a negative length", post(b"{}", b"Content-Length: -1"), 400, ""),
    ("two lengths", post(b"{}", b"Content-Length: 2", b"Content-Length: 3"), 400, ""),
    ("a chunk without a size", post(b"zz\r\n{}\r\n", CHUNKED), 400, ""),
    ("a header without a colon", bare(b"GET /v1/me HTTP/1.1", b"Colourless"), 400, ""),
    ("no request", b"hello\r\n\r\n", 400, ""),
    ("a zero byte in a header", bare(b"GET /v1/me HTTP/1.1", b"Authorization: Bearer \0"), 400, ""),
    ("a header of latin letters", bare(b"GET /v1/me HTTP/1.1", b"Authorization: Bearer \xe9"), 401, "unauthenticated"),
    ("an empty token", bare(b"GET /v1/me HTTP/1.1", b"Authorization: Bearer"), 401, "unauthenticated"),
    ("a token of 5,000", bare(b"GET /v1/me HTTP/1.1", b"Authorization: Bearer " + b"a" * 5000), 401, "unauthenticated"),
    ("two tokens", bare(b"GET /v1/me HTTP/1.1", TOKEN, b"Authorization: Bearer x"), 401, "unauthenticated"),
    ("another scheme", bare(b"GET /v1/me HTTP/1.1", b"Authorization: Basic YTpi"), 401, "unauthenticated"),
    ("a key of 256", post(b"{}", b"Idempotency-Key: " + b"k" * 256), 422, "invalid"),
    ("an empty key", post(b"{}", b"Idempotency-Key:"), 422, "invalid"),
    ("a key of latin letters", post(b"{}", b"Idempotency-Key: \xe9"), 422, "invalid"),
    ("a path that is not there", bare(b"GET /v1/nothing HTTP/1.1"), 404, "not-found"),
    ("a path outside", bare(b"GET /v1/../../etc/passwd HTTP/1.1"), 404, "not-found"),
    ("a zero byte in a path", bare(b"GET /v1/assets/%00 HTTP/1.1"), 404, "not-found"),
    ("a path that is not UTF-8", bare(b"GET /v1/assets/%ff HTTP/1.1"), 404, "not-found"),
    ("half an escape in a path", bare(b"GET /v1/assets/%f HTTP/1.1"), 404, "not-found"),
    ("a query that is not UTF-8", bare(b"GET /v1/organisations?q=%ff HTTP/1.1"), 400, "malformed"),
    ("a zero byte in a query", bare(b"GET /v1/organisations?q=%00 HTTP/1.1"), 422, "invalid"),
    ("a query of 50,000", bare(b"GET /v1/organisations?q=" + b"a" * 50_000 + b" HTTP/1.1"), 422, "invalid"),
    ("a URL of a megabyte", bare(b"GET /v1/organisations?q=" + b"a" * 1_000_000 + b" HTTP/1.1"), 400, ""),
    ("a path of 50,000", bare(b"GET /v1/assets/" + b"a" * 50_000 + b" HTTP/1.1"), 404, "not-found"),
    ("a method that nobody knows", bare(b"FROB /v1/sites HTTP/1.1"), 400, ""),
    ("TRACE", bare(b"TRACE /v1/sites HTTP/1.1"), 405, "method-not-allowed"),
    ("DELETE of a list", bare(b"DELETE /v1/sites HTTP/1.1"), 405, "method-not-allowed"),
    ("PUT of a list", bare(b"PUT /v1/sites HTTP/1.1"), 405, "method-not-allowed"),
    ("an Accept of nothing we have", bare(b"GET /v1/categories HTTP/1.1", b"Accept: image/png"), 406, "not-acceptable"),
]


async def send(address: str, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Bytes to the server, and what came back until it closed or fell silent."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    received = b""
    try:
        async with asyncio.timeout(10):
            while b"\r\n\r\n" not in received:
                if not (more := await reader.read(65_536)):
                    break
                received += more
            head, _, body = received.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            while len(body) < int(headers.get("content-length", "0")) and (more := await reader.read(65_536)):
                body += more
    finally:
        writer.close()
    return int(lines[0].split()[1]), headers, body


def found(status: int, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Status and slug; a problem says its own status, and a fault of the request points at something."""
    if headers.get("content-type") != "application/problem+json":
        return status, ""
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status
    assert problem["errors"] or status != 422, problem
    return status, problem["type"].removeprefix("/problems/")


@pytest.fixture
async def world(address: str, database: str) -> Any:
    async with httpx.AsyncClient(base_url=address) as client:
        yield World(client, database)


async def test_each_is_answered_as_documented_and_nothing_is_stored(world: World, address: str):
    owner = await world.organisation()
    ok(await owner.get("/me"), 200)  # notes the day of its token's use
    before = await world.stored()
    wrong = []
    for name, raw, status, slug in ROWS:
        answer = await send(address, raw.replace(b"{token}", owner.token.encode()))
        if found(*answer) != (status, slug):
            wrong.append((name, (status, slug), found(*answer), answer[2][:200]))
    assert wrong == []
    assert await world.stored() == before
    ok(await owner.get("/me"), 200)
