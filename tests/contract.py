"""The contract as published, held against every answer that a test gets."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

PUBLISHED = Path(__file__).parents[1] / "openapi" / "openapi.json"


def closed(schema: Any) -> Any:
    """A schema that forbids what it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema and isinstance(schema["properties"], dict):
        inner["additionalProperties"] = False
    return inner


class Contract:
    """The published document: which operation an answer belongs to, and whether it is what that one promises."""

    def __init__(self) -> None:
        document = json.loads(PUBLISHED.read_text())
        self.components = closed(document["components"])
        self.operations = {
            operation["operationId"]: operation for each in document["paths"].values() for operation in each.values()
        }
        self.routes = [
            (method, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), operation)
            for path, operations in sorted(document["paths"].items(), key=lambda each: "{" in each[0])
            for method, operation in operations.items()
        ]
        self.validators: dict[tuple[str, int, str], jsonschema_rs.Validator] = {}

    def operation(self, request: httpx.Request) -> dict[str, Any] | None:
        """The operation that a request is for, if it is one of the contract's."""
        method = request.method.lower()
        for each, route, operation in self.routes:
            if each == method and route.fullmatch(request.url.path):
                return operation
        return None

    async def check(self, response: httpx.Response) -> None:
        """Fails for an answer that the contract does not describe, in status, type or any member of its body."""
        operation = self.operation(response.request)
        if operation is None:
            return
        where = f"{operation['operationId']} {response.status_code}"
        described = operation["responses"].get(str(response.status_code))
        assert described is not None, f"{where} is not in the contract: {response.text}"
        body = await response.aread()
        if not body:
            assert not described.get("content"), where
            return
        kind = response.headers["Content-Type"].partition(";")[0]
        assert kind in described["content"], f"{where} as {kind} is not in the contract"
        if not kind.endswith("json"):
            return
        name = (operation["operationId"], response.status_code, kind)
        if name not in self.validators:
            schema = {**described["content"][kind]["schema"], "components": self.components}
            self.validators[name] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        found = self.validators[name].iter_errors(json.loads(body))
        faults = [f"{where} at {fault.instance_path}: {fault.message}" for fault in found]
        assert not faults, faults


@cache
def contract() -> Contract:
    """Read once; what it compiles is kept."""
    return Contract()
