"""The page of states says what the table of transitions and the contract say."""

from pathlib import Path
from typing import Any

import httpx

from api import openapi, states
from db.occurrences import TYPES
from domain import diagram
from domain.transitions import BY_ITSELF

PROJECT = Path(__file__).parents[2]
AGAIN = ".venv/bin/python -m api.states writes both anew"


async def test_page_and_picture_are_those_of_the_table(app: Any):
    assert (PROJECT / "docs/states.md").read_text() == states.markdown(openapi.document(app)), AGAIN
    assert (PROJECT / "docs/states.svg").read_text() == diagram.svg(diagram.wires()), AGAIN


def test_the_events_of_the_clock_that_it_names_are_those_that_are_recorded():
    for state in {target for targets in BY_ITSELF.values() for target in targets}:
        assert states.MOMENTS[state].event == TYPES[state]


async def test_the_page_shows_the_picture(client: httpx.AsyncClient):
    page = await client.get("/docs/states", headers={"Accept": "text/html"})
    assert '<img src="states.svg"' in page.text
    picture = await client.get("/docs/states.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.text == (PROJECT / "docs/states.svg").read_text()
