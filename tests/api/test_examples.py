"""The examples of the contract: what /docs fills in is taken as it stands by the demo."""

import json
from datetime import date
from pathlib import Path

import pytest
from calls import Organisation
from conftest import calling, started
from jsonschema_rs import Draft202012Validator

from api import examples
from fallow import demo

DOCUMENT = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
OPERATIONS = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]


@pytest.fixture
async def group(clone, clock):
    """The demo's group, with the key that `make run` prints."""
    loaded = await demo.load(clone, today=date(2027, 1, 4))
    async with started(clone, clock) as app, calling(app) as client:
        yield Organisation(client, {}, loaded.token)


def own(operation):
    """The parameters of an operation that are not shared headers."""
    return [each for each in operation["parameters"] if "$ref" not in each]


def example_of(operation):
    """The example of its body, or None."""
    content = operation.get("requestBody", {}).get("content", {})
    return content["application/json"].get("example") if content else None


def test_every_parameter_says_what_it_is():
    silent = [(each["operationId"], p["name"]) for *_, each in OPERATIONS for p in own(each) if "description" not in p]
    assert silent == []


def test_every_body_has_an_example_that_its_schema_allows():
    assert [each["operationId"] for *_, each in OPERATIONS if "requestBody" in each and not example_of(each)] == []
    for *_, operation in OPERATIONS:
        if "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                schema = {**content["schema"], "components": DOCUMENT["components"]}
                faults = [each.message for each in Draft202012Validator(schema).iter_errors(content["example"])]
                assert (operation["operationId"], faults) == (operation["operationId"], [])


def test_every_example_belongs_to_an_operation():
    names = {each["operationId"] for *_, each in OPERATIONS}
    assert {*examples.BODIES, *examples.PARAMETERS} <= names


async def test_the_demo_takes_the_example_of_every_operation(group):
    """In the order of the contract, what takes away last."""
    refused = {}
    for method, path, operation in sorted(OPERATIONS, key=lambda each: each[0] == "delete"):
        given = {each["name"]: each["example"] for each in own(operation) if "example" in each}
        query = {name: given[name] for name in given if f"{{{name}}}" not in path}
        address = path.removeprefix("/v1").format(**given)
        answer = await group.send(method.upper(), address, example_of(operation), params=query)
        if answer.status_code >= 300:
            refused[operation["operationId"]] = answer.json()["detail"]
    assert refused == {}
