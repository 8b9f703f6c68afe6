"""The README's tour and the task pages as a newcomer types them, against what `make run` starts.

Also what else the documents say of the code.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
BLOCK = "~~~ next block ~~~"
TRACE = 'write-out = "%{stderr}%{method} %{http_code}\\n"\n'  # a .curlrc: what was sent and how it was answered
PATIENCE = 180  # seconds until it answers, on a machine that does other things beside


def blocks(document: str, language: str = "sh") -> list[str]:
    """The blocks of a document in one language, in order."""
    text = (PROJECT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def typed(document: str, running: dict[str, str]) -> tuple[list[str], list[list]]:
    """Type a document's commands into one shell, after the first of the README: what was sent and how it was
    answered (`POST 201`), and the JSON that each block of the document itself showed.
    """
    first, *tour = blocks("README.md")
    commands = [first, *(tour if document == "README.md" else blocks(document))]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"\necho '{BLOCK}'\n".join(commands)],
        cwd=running["CURL_HOME"],
        env=running,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines(), [answers(shown) for shown in done.stdout.split(BLOCK)]


def port_of(process: subprocess.Popen[bytes], said: Path) -> str:
    """The port that was announced; fails with what was said instead."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if announced := re.search(r"answers at http://127\.0\.0\.1:(\d+)/v1", said.read_text()):
            return announced[1]
        time.sleep(0.1)
    return pytest.fail(said.read_text())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Fallow with its demo in a home of its own: the environment in which the documents are typed."""
    tmp_path = tmp_path_factory.mktemp("documents")
    (tmp_path / ".curlrc").write_text(TRACE)
    said = tmp_path / "said"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"FALLOW_HOME": str(tmp_path / "home"), "PORT": "0", "CURL_HOME": str(tmp_path)}
    with (
        said.open("wb") as log,
        subprocess.Popen([sys.executable, "-m", "fallow", "run"], env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield environment | {"PORT": port_of(process, said)}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def test_the_tour_finds_a_place_books_it_and_gives_it_back(running):
    sent, shown = typed("README.md", running)
    asked = [
        *("GET 200", "GET 200", "POST 201", "POST 409"),  # who am I; search; book; be refused
        *("GET 200", "POST 200"),  # look at it; cancel
        *("GET 200", "POST 201", "POST 200", "POST 200"),  # search; book a series; cancel this and later; all
        *("POST 201", "GET 200", "POST 201"),  # say a need; what meets it; book that
        *("GET 200", "POST 200", "POST 200"),  # look at the need; cancel; close
    ]
    assert sent == asked

    me, found, booked, refused, single, series, looked_for = shown
    assert me[0]["organisation"]["name"] == "Blue Kettle Supper Club"

    [near] = found
    distances = [each["distance_m"] for each in near["items"]]
    assert (len(distances), distances) == (3, sorted(distances))
    assert all(each["occurrences"][0]["free"] for each in near["items"])

    [booking] = booked
    assert booking["state"] == "confirmed"
    assert booking["asset"] == near["items"][0]["asset"]
    assert len(booking["occurrences"]) == 1

    [problem] = refused
    assert problem["type"].endswith("/problems/not-bookable")
    [[reason]] = [each["why_not"] for each in problem["occurrences"]]
    assert reason["code"] == "taken"

    read, cancelled = single
    assert read == booking
    assert outcome(cancelled) == (booking["id"], "ended", ["cancelled"])

    made, shortened, ended = series
    assert made["state"] == "confirmed"
    states = [each["state"] for each in made["occurrences"]]
    assert len(states) == 6
    assert states.count("confirmed") >= 4
    after = ["cancelled" if each == "confirmed" else each for each in states]
    assert outcome(shortened) == (made["id"], "confirmed", states[:2] + after[2:])
    assert outcome(ended) == (made["id"], "ended", after)

    match, need, given_back, closed = looked_for
    assert match["points"] == sum(each["numbers"]["points"] for each in match["reasons"])
    met = [each["number"] for each in match["occurrences"]]
    assert len(met) >= 4
    by = {each["number"]: each["booking_id"] for each in need["occurrences"]}
    assert {number for number, booking_id in by.items() if booking_id == given_back["id"]} == set(met)
    assert (need["state"], closed["state"]) == ("met" if len(met) == 6 else "open", "closed")


def test_a_kitchen_is_listed_in_four_calls(running):
    sent, (_, [site], [asset], [change], [listed], [starts], [archived]) = typed("docs/list-a-kitchen.md", running)
    assert sent == ["GET 200", "POST 201", "POST 201", "PUT 200", "POST 200", "GET 200", "POST 200"]
    assert (asset["site_id"], asset["state"], asset["terms"]["price"]["amount"]) == (site["id"], "draft", 1250)
    assert change["bookings_hit"] == []
    assert [each["day"] for each in change["hours"]["seasons"][0]["hours"]] == ["tue", "sat"]
    assert (listed["id"], listed["state"]) == (asset["id"], "listed")
    assert starts["timezone"] == "Europe/London"
    assert starts["items"]
    assert archived["state"] == "archived"


def test_twelve_tuesdays_are_booked_once_and_given_back(running):
    sent, shown = typed("docs/book-twelve-tuesdays.md", running)
    _, [hall], [quicker], [tried], booked, [refusal], [freed, retried], moved, [sooner], [shortened], [ended] = shown
    assert sent == [
        *("GET 200", "GET 200", "POST 201", "POST 200", "POST 201", "POST 201", "POST 409"),  # … search; lose one; book
        *("POST 200", "POST 200", "POST 200", "POST 200", "POST 200"),  # it is free; ask again; try to move; move; end
        *("POST 200", "POST 200"),  # give back one, and all
    ]
    booking, again = booked
    assert again == booking
    assert booking["asset"] == hall
    states = [each["state"] for each in booking["occurrences"]]
    assert states == [each["state"] for each in tried["occurrences"]]
    assert len(states) == 11  # the third was left out
    assert (states[0], quicker["occurrences"][0]["starts_at"]) == ("skipped", booking["occurrences"][0]["starts_at"])
    assert states.count("confirmed") >= 7
    assert [each["code"] for each in refusal["why_not"]] == ["taken"]
    instead = refusal["alternatives"][0]
    assert instead["asset"] == hall
    assert outcome(freed) == (quicker["id"], "ended", ["cancelled"])
    assert outcome(retried) == (booking["id"], "confirmed", ["confirmed", *states[1:]])
    for each in moved:
        assert each["occurrences"][0]["starts_at"] == instead["starts_at"]
        assert each["occurrences"][0]["ends_at"] == instead["ends_at"]
        assert each["occurrences"][1:] == booking["occurrences"][1:]
    [first, *_] = sooner["occurrences"]
    assert (first["starts_at"], first["sequence"]) == (instead["starts_at"], 3)
    end, offered = (datetime.fromisoformat(each["ends_at"]) for each in (first, instead))
    assert offered - end == timedelta(minutes=30)
    assert outcome(shortened) == (booking["id"], "confirmed", ["cancelled", *states[1:]])
    assert outcome(ended)[1] == "ended"


def test_a_need_is_said_matched_and_booked(running):
    document = "docs/say-what-you-need.md"
    sent, (_, [need], [reasons], [occurrences], [offered], [ended, closed]) = typed(document, running)
    assert sent == ["GET 200", "POST 201", "GET 200", "POST 201", "GET 200", "GET 200", "POST 200", "POST 200"]
    assert {each["asset"]["category"] for each in offered["items"]} == {"gazebo", "sound_system", "tables"}
    assert (need["state"], len(need["occurrences"])) == ("open", 6)
    codes = ["share_met", "distance", "fit", "nice_to_have", "price", "idle"]
    assert [each["code"] for each in reasons] == codes
    assert sum(each["booking_id"] == ended["id"] for each in occurrences) >= 4
    assert (ended["state"], closed["state"]) == ("ended", "closed")


def test_a_line_is_joined_and_left(running):
    sent, (_, [entry], [offered], [left]) = typed("docs/wait-in-line.md", running)
    assert sent == ["GET 200", "GET 200", "POST 201", "GET 200", "POST 200"]
    assert (entry["state"], len(entry["lines"]), entry["lines"][0]["would_fit"]) == ("waiting", 1, [])
    assert all(each["state"] == "offered" for each in offered["items"])
    assert (left["state"], left["lines"]) == ("left", [])


def test_hours_are_tried_before_anybody_opens_a_door_and_yield_what_was_promised(running):
    sent, (_, _, [gained], [_, published, idle, promised], [archived]) = typed("docs/see-who-would-come.md", running)
    trial = ["GET 200", "GET 200", "POST 201", "POST 201", "POST 200"]
    assert sent == [*trial, "PUT 200", "POST 200", "GET 200", "POST 200"]
    assert gained["minutes"] > 0
    assert {each["day"] for each in gained["week"]} == {"tue", "thu"}
    assert (published["state"], archived["state"]) == ("listed", "archived")
    names = ("open_minutes", "used_minutes", "idle_minutes", "needs", "week")
    assert [idle[name] for name in names] == [promised[name] for name in names]


def test_a_place_is_held_confirmed_and_given_back(running):
    sent, (_, [held], [why], [confirmed], [ended]) = typed("docs/hold-a-place.md", running)
    assert sent == ["GET 200", "GET 200", "POST 201", "POST 409", "POST 200", "POST 200"]
    assert (held["state"], held["may"]) == ("held", ["confirmBooking", "moveBooking", "cancelBooking"])
    assert [each["code"] for each in why] == ["taken"]
    assert (outcome(confirmed), confirmed["hold_expires_at"]) == ((held["id"], "confirmed", ["confirmed"]), None)
    assert outcome(ended) == (held["id"], "ended", ["cancelled"])


def test_of_what_is_asked_for_some_is_declined_and_the_rest_approved(running):
    sent, (_, [asked], [queue], [declined], decided, [read, ended]) = typed("docs/approve-requests.md", running)
    assert sent == [
        *("GET 200", "GET 200", "POST 201", "GET 200", "POST 201"),  # who am I; who is it; register; search; ask
        *("GET 200", "POST 200", "HEAD 200", "POST 200", "POST 200"),  # the queue; decline; its ETag; try; approve
        *("GET 200", "POST 200"),  # read what was decided; give back
    ]
    states = [each["state"] for each in asked["occurrences"]]
    assert states.count("pending") >= 3
    waiting = queue["items"]
    assert [each["created_at"] for each in waiting] == sorted(each["created_at"] for each in waiting)
    assert waiting[-1]["id"] == asked["id"]
    assert waiting[-1]["request"] == {"booker_has": {"bookings": 0, "minutes": 0}, "waiting": 0}
    demo = waiting[:-1]  # all of one booker
    assert len(demo) > 1
    assert {each["request"]["booker_has"]["bookings"] for each in demo} == {len(demo) - 1}
    after = [*states[:2], *("declined" if each == "pending" else each for each in states[2:])]
    assert outcome(declined) == (asked["id"], "pending", after)
    approved = ["confirmed" if each == "pending" else each for each in after]
    assert [outcome(each)[2] for each in decided] == [approved, approved]
    notes = [each["note"] for each in read["occurrences"] if each["state"] in {"declined", "confirmed"}]
    assert set(notes) == {"We need them then.", "The key is at the desk."}
    assert outcome(ended)[1] == "ended"


def test_who_comes_is_checked_in_and_counted(running):
    sent, shown = typed("docs/check-in.md", running)
    _, [_, listed], [booked], [checked_in], [refused], [record] = shown
    assert sent == [
        *("GET 200", "GET 200", "GET 200", "POST 201", "PUT 200", "POST 200"),  # who, where; the asset, its hours
        *("POST 201", "POST 200", "POST 409", "GET 200"),  # book; check in; too late; what is remembered
    ]
    [occurrence] = booked["occurrences"]
    due = datetime.fromisoformat(occurrence["starts_at"]) + timedelta(minutes=15)
    assert (listed["state"], datetime.fromisoformat(occurrence["check_in_by"])) == ("listed", due)
    assert outcome(checked_in) == (booked["id"], "checked_in", ["checked_in"])
    assert checked_in["occurrences"][0]["note"] == "Twelve came."
    assert refused["type"] == "/problems/state-does-not-allow"
    assert set(record) == {"booked", "used", "cancelled_late", "no_show", "recalled"}


def test_what_each_group_may_have_is_said_kept_to_and_changed(running):
    sent, shown = typed("docs/share-fairly.md", running)
    _, [_, listed], _, [limits], [checks], [refused], [booked], [eased], [capped, explained], [ended, archived] = shown
    assert sent == [
        *("GET 200", "GET 200", "GET 200", "POST 201", "PUT 200", "POST 200"),  # who, where; the kitchen, its hours
        *("POST 201", "POST 201", "POST 201", "GET 200"),  # three limits; read them
        *("POST 201", "GET 200", "POST 409", "POST 201"),  # register; explain; ask for too much; for what is left
        *("PATCH 200", "PATCH 200", "GET 200"),  # ease a limit; cap all together; explain
        *("POST 200", "DELETE 204", "DELETE 204", "DELETE 204", "POST 200"),  # give back, delete, archive
    ]
    evenings, charities, weekly = limits["items"]
    assert [each["most"] for each in (evenings, charities, weekly)] == [120, 600, 180]
    assert {each["asset_id"] for each in limits["items"]} == {listed["id"]}
    week = {"of": "this asset", "every": "week", "frees_at": monday(booked["occurrences"][0]["ends_at"])}
    used = {**week, "limit_id": weekly["id"], "most_minutes": 180, "minutes_wanted": 120}
    [left] = [each for each in checks if "limit_id" in each["numbers"]]
    assert (left["code"], left["passed"]) == ("limit_reached", True)
    assert left["numbers"] == {**used, "minutes_used": 0, "minutes_left": 180}
    first, second = refused["occurrences"]
    [reason] = second["why_not"]
    assert (first["free"], reason["code"], reason["numbers"]) == (
        *(True, "limit_reached"),
        {**used, "minutes_used": 120, "minutes_left": 60},
    )
    assert outcome(booked) == (booked["id"], "pending", ["pending", "pending"])
    assert eased == {**weekly, "most": 300, "updated_at": eased["updated_at"]}
    assert capped["terms"]["allowance"] == {"minutes": 180, "every": "week"}
    [against] = [each for each in explained["checks"] if not each["passed"]]
    spent = {**week, "most_minutes": 180, "minutes_used": 180, "minutes_left": 0, "minutes_wanted": 120}
    assert (against["code"], against["numbers"]) == ("allowance_used", spent)
    assert (outcome(ended)[1:], archived["state"]) == (("ended", ["cancelled", "cancelled"]), "archived")


def test_what_was_booked_is_taken_back_and_owed(running):
    sent, shown = typed("docs/take-back-what-was-booked.md", running)
    _, [approved], [tried], [closed], [read, claims], _ = shown
    assert sent == [
        *("GET 200", "GET 200", "POST 201", "GET 200", "POST 201", "POST 200"),  # who is who; search; ask; approve
        *("POST 200", "POST 201", "GET 200", "GET 200", "DELETE 204"),  # try; close; read; what is owed; open
    ]
    assert outcome(approved) == (approved["id"], "confirmed", ["confirmed"])
    [hit] = closed["bookings_hit"]
    assert (hit["booking_id"], hit["state"], tried["bookings_hit"]) == (approved["id"], "recalled", [hit])
    assert hit["alternatives"]
    assert outcome(read) == (approved["id"], "ended", ["recalled"])
    assert read["occurrences"][0]["note"] == "We feed the crews of a flood."
    assert [(each["booking_id"], each["minutes"]) for each in claims["items"]] == [(approved["id"], 300)]


async def test_a_page_of_ones_own_shows_what_is_free(running, page, tmp_path):
    [document] = blocks("docs/show-what-is-free.md", "html")
    fallow = f"http://127.0.0.1:{running['PORT']}/v1"
    now = datetime.now(UTC)
    window = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=14)).isoformat(), "minutes": 120}
    halls = httpx.get(f"{fallow}/search", params={"postcode": "M33", "category": "hall"}).json()["items"]
    found = {
        each["asset"]["id"]: httpx.get(f"{fallow}/assets/{each['asset']['id']}/starts", params=window).json()["items"]
        for each in halls
    }
    hall = max(found, key=lambda each: len(found[each]))
    assert found[hall]
    own = tmp_path / "own.html"
    own.write_text(document.replace("http://127.0.0.1:8000/v1", fallow).replace("ASSET-ID", hall))
    await page.goto(own.as_uri())
    await page.locator("li").first.wait_for()
    begins = datetime.fromisoformat(found[hall][0]["starts_at"]).astimezone(ZoneInfo("Europe/London"))
    assert f"{begins:%H:%M}" in await page.locator("li").first.inner_text()
    assert abs(await page.locator("li").count() - len(found[hall])) <= 1  # a step may have passed meanwhile
    assert await page.locator("#note").inner_text() == ""


def answers(shown: str) -> list[dict]:
    """The JSON documents of one block's output."""
    documents, decoder = [], json.JSONDecoder()
    while shown := shown.strip():
        document, end = decoder.raw_decode(shown)
        documents.append(document)
        shown = shown[end:]
    return documents


def outcome(booking: dict) -> tuple[str, str, list[str]]:
    return booking["id"], booking["state"], [each["state"] for each in booking["occurrences"]]


def monday(instant: str) -> str:
    """When the week after begins in London, in UTC."""
    local = datetime.fromisoformat(instant).astimezone(ZoneInfo("Europe/London"))
    begins = (local + timedelta(days=7 - local.weekday())).replace(hour=0, minute=0)
    return f"{begins.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_every_link_between_documents_leads_somewhere():
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
    links = [(page, link) for page in documents for link in re.findall(r"\]\(([^):#]+)\)", page.read_text())]
    assert len(links) > 10
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_every_direct_dependency_has_its_line():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    of_node = json.loads((PROJECT / "tests/clients/package.json").read_text())["devDependencies"]
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *of_node]
    lines = re.findall(r"^\| `([^`]+)` \|", (PROJECT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert lines == [each.partition(">=")[0] for each in wanted]


def test_every_setting_is_told():
    sources = [*PROJECT.glob("api/*.py"), *PROJECT.glob("fallow/*.py")]
    read = {
        name
        for source in sources
        for name in re.findall(r"\"(FALLOW_[A-Z_]+|PORT|DATABASE_[A-Z_]*URL)\"", source.read_text())
    }
    told = re.findall(r"^\| `([A-Z_]+)` \|", README.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(read)
