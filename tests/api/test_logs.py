"""Logs: one line a request, named, with nothing private in it."""

import io
import json
import logging
from uuid import UUID

import httpx
import pytest
import structlog
from litestar import Litestar, Request, get

from api.logs import RequestLog
from db.logs import Lines, configure

pytestmark = pytest.mark.anyio


@get("/bookings/{reference:str}")
async def read(request: Request) -> dict[str, str]:
    structlog.get_logger("inside").info("reading")
    return {"request_id": request.scope["state"]["request_id"]}


@pytest.fixture
def lines(monkeypatch):
    """What was logged, each line as JSON."""
    output = io.StringIO()
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setattr(Lines, "stream", output)  # which configure sets: so that it is put back
    configure()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    root.handlers = before


@pytest.fixture
async def client():
    app = RequestLog(Litestar([read], logging_config=None, openapi_config=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fallow") as opened:
        yield opened


async def test_a_request_is_one_line_with_its_template_and_neither_query_nor_headers(lines, client):
    answer = await client.get(
        "/bookings/FLW-7?email=ada@example.org", headers={"Authorization": "Bearer fallow_secret"}
    )
    inside, request = lines()
    assert request.pop("milliseconds") >= 0
    assert request.pop("timestamp").endswith("Z")
    assert request == {
        "event": "request",
        "level": "info",
        "logger": "fallow",
        "method": "GET",
        "path": "/bookings/{reference}",
        "request_id": answer.headers["X-Request-Id"],
        "status": 200,
    }
    assert inside["request_id"] == answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert UUID(answer.headers["X-Request-Id"]).version == 7


async def test_a_path_without_a_route_is_logged_as_sent_without_its_query(lines, client):
    await client.get("/nowhere?token=fallow_secret")
    assert [(line["path"], line["status"]) for line in lines()] == [("/nowhere", 404)]


@pytest.mark.parametrize("name", ["a", "Trace-7.b_c", "x" * 128])
async def test_the_callers_name_for_a_request_is_kept(lines, client, name):
    answer = await client.get("/bookings/1", headers={"X-Request-Id": name})
    assert answer.headers["X-Request-Id"] == lines()[0]["request_id"] == name


@pytest.mark.parametrize("name", ["", "x" * 129, "two words", "new\tline", "{}", "é".encode()])
async def test_a_name_that_would_spoil_logs_is_replaced(lines, client, name):
    answer = await client.get("/bookings/1", headers={"X-Request-Id": name})
    assert UUID(answer.headers["X-Request-Id"]).version == 7


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_request_within_a_trace_is_named_for_it(lines, client):
    traced = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    answer = await client.get("/bookings/1", headers=traced)
    assert answer.headers["X-Request-Id"] == lines()[0]["request_id"] == TRACE
    named = await client.get("/bookings/1", headers={**traced, "X-Request-Id": "mine"})
    assert named.headers["X-Request-Id"] == "mine"


SPAN = "00f067aa0ba902b7-01"


@pytest.mark.parametrize("parent", ["", TRACE, f"00-{'0' * 32}-{SPAN}", f"00-{TRACE.upper()}-{SPAN}"])
async def test_a_trace_that_is_none_names_nothing(lines, client, parent):
    answer = await client.get("/bookings/1", headers={"traceparent": parent})
    assert UUID(answer.headers["X-Request-Id"]).version == 7


def test_tokens_and_quoted_rows_are_taken_out_of_what_libraries_log(lines):
    sentence = "duplicate key\nDETAIL:  Key (email)=(ada@example.org) already exists.\nwith fallow_Ab1_x"
    logging.getLogger("uvicorn.error").error("sent %s", "fallow_Ab1_x", exc_info=ValueError(sentence))
    (line,) = lines()
    assert line["event"] == "sent fallow_…"
    assert "ada@" not in line["exception"]
    assert "Ab1" not in line["exception"]
    assert "ValueError: duplicate key\nwith fallow_…" in line["exception"]


def test_an_absent_database_fills_no_log(lines):
    logging.getLogger("asyncpg.pool").error("connection lost")
    assert lines() == []


def test_configuring_twice_logs_each_line_once(lines):
    configure()
    assert [handler.name for handler in logging.getLogger().handlers].count("fallow") == 1
