"""The contract as published."""

import json
from pathlib import Path

import httpx

from domain import permissions

PUBLISHED = Path(__file__).parents[2] / "openapi" / "openapi.json"


def operations(document):
    return [each for path in document["paths"].values() for each in path.values()]


async def test_what_is_committed_is_what_is_served(client: httpx.AsyncClient):
    served = await client.get("/openapi.json")
    assert served.text == PUBLISHED.read_text(), "python -m api.openapi > openapi/openapi.json"


def test_every_operation_has_its_row_and_every_row_its_operation():
    document = json.loads(PUBLISHED.read_text())
    names = [each["operationId"] for each in operations(document)]
    assert sorted(names) == sorted(name for name in permissions.TABLE if "." not in name)


def test_a_row_for_a_member_names_one_of_the_operations_body():
    document = json.loads(PUBLISHED.read_text())
    rows = [name.split(".") for name in permissions.TABLE if "." in name]
    bodies = {
        each["operationId"]: each["requestBody"]["content"] for each in operations(document) if "requestBody" in each
    }
    schemas = document["components"]["schemas"]
    for operation, member in rows:
        name = bodies[operation]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert member in schemas[name]["properties"]


def test_generators_will_like_it():
    document = json.loads(PUBLISHED.read_text())
    schemas = document["components"]["schemas"]
    tags = {each["name"] for each in document["tags"]}
    for operation in operations(document):
        assert set(operation["tags"]) <= tags
        assert operation["tags"]
        assert operation["summary"]
    for text in (json.dumps(document),):
        for reference in {each.split('"')[0] for each in text.split("#/components/schemas/")[1:]}:
            assert reference in schemas
    for name, schema in schemas.items():
        if not name.endswith("Problem"):
            inline = [p for p, each in schema.get("properties", {}).items() if "enum" in each or "properties" in each]
            assert (name, inline) == (name, [])
