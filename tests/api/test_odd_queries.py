"""Every query parameter of the contract with odd values: never a 5xx, and a 422 says which parameter."""

import json
from typing import Any

import httpx
from calls import MANCHESTER, World, ok
from contract import PUBLISHED

ODD = [
    "", " ", "%00", "a%00", "%F0%9F%8C%BE", "%E2%80%AE", "a" * 5000, "-1", "-0", "0", "1.0", "1.5", "1e400", "NaN",
    "inf",
    "true", "null", "[]", "{}", "2147483648", "9223372036854775808", "1" + "0" * 30, "0x10", "1_000", "%D9%A3",
    "2027-02-30", "9999-12-31", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00", "2016-12-31T23:59:60Z",
    "2027-07-05T18:00:00", "2027-07-05T18:00:00%2B0100", "0190b0d0-0000-7000-8000-000000000000", "%25", "*", "'", "a,b",
]  # fmt: skip
USUAL = {
    "lon": str(MANCHESTER[0]),
    "lat": str(MANCHESTER[1]),
    "starts_at": "2027-07-05T18:00:00Z",
    "ends_at": "2027-07-05T20:00:00Z",
    "minutes": "60",
}


def readings() -> list[tuple[str, list[dict[str, Any]]]]:
    """The path of every GET, and its parameters in the query."""
    found = []
    document = json.loads(PUBLISHED.read_text())
    shared = document["components"].get("parameters", {})
    for path, operations in document["paths"].items():
        sent = operations.get("get", {}).get("parameters", [])
        parameters = [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in sent]
        if queries := [each for each in parameters if each["in"] == "query"]:
            found.append((path, queries))
    return found


def fault(answer: httpx.Response, name: str) -> bool:
    """Whether an answer to an odd value of this parameter is none that the contract allows."""
    if answer.status_code != 422:
        return answer.status_code >= 500
    told = [each["pointer"] for each in answer.json()["errors"]]
    return not told or not all(each.startswith("?") for each in told) or f"?{name}" not in str(told)


async def test_odd_values_of_every_parameter_are_taken_or_pointed_at(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    ok(await owner.book(asset, (USUAL["starts_at"], USUAL["ends_at"])), 201)
    wrong = []
    for path, queries in readings():
        needed = {each["name"] for each in queries if each.get("required")}
        if path.endswith("/search"):
            needed = {"lon", "lat"}
        for query in queries:
            name = query["name"]
            given = {each: USUAL[each] for each in needed | ({"starts_at", "ends_at"} if name == "weeks" else set())}
            others = "".join(f"&{each}={value}" for each, value in given.items() if each != name)
            for odd in ODD:
                line = f"{path.removeprefix('/v1').replace('{asset_id}', asset['id'])}?{name}={odd}{others}"
                answer = await owner.send("GET", line)
                if fault(answer, name):
                    wrong.append((line[:200], answer.status_code, answer.text[:300]))
    assert wrong == []
