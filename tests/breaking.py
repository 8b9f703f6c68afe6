"""What of a contract would break the clients of another: requests that narrow, answers that widen or lose something.

Problems are left out: clients must live with refusals that they do not know.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
METHODS = ("get", "put", "post", "patch", "delete")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every change that would break a client of the old document, as a sentence."""
    return sorted(set(Changes(old, new).all()))


def operations(document: Schema) -> dict[str, tuple[str, Schema]]:
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


class Changes:
    """Two documents, and what has been compared of them."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        self.compared: set[tuple[str, str, bool]] = set()

    def all(self) -> Iterator[str]:
        theirs, ours = operations(self.old), operations(self.new)
        for name, (where, operation) in theirs.items():
            if name not in ours:
                yield f"{name} is gone"
            elif ours[name][0] != where:
                yield f"{name} is now {ours[name][0]}"
            else:
                yield from self.parameters(name, operation, ours[name][1])
                yield from self.body(name, operation, ours[name][1])
                yield from self.answers(name, operation, ours[name][1])

    def parameters(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = (
            {each["name"]: each for each in (resolve(p, document) for p in operation["parameters"])}
            for operation, document in ((old, self.old), (new, self.new))
        )
        for each in after.keys() - before.keys():
            if after[each].get("required"):
                yield f"{name} now needs {each}"
        for each in before:
            if each not in after:
                yield f"{name} takes no {each} any more"
            else:
                if after[each].get("required") and not before[each].get("required"):
                    yield f"{name} now needs {each}"
                yield from self.schema(f"{name} {each}", before[each]["schema"], after[each]["schema"], sent=True)

    def body(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = (each.get("requestBody", {"content": {}}) for each in (old, new))
        if after.get("required") and not before.get("required"):
            yield f"{name} now needs a body"
        for kind, content in before["content"].items():
            if kind not in after["content"]:
                yield f"{name} takes no {kind} any more"
            else:
                yield from self.schema(name, content["schema"], after["content"][kind]["schema"], sent=True)

    def answers(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        for status, before in old["responses"].items():
            if status >= "400":
                continue
            after = new["responses"].get(status)
            if after is None:
                yield f"{name} answers {status} no more"
                continue
            for kind, content in before.get("content", {}).items():
                if kind not in after.get("content", {}):
                    yield f"{name} answers no {kind} any more"
                else:
                    yield from self.schema(name, content["schema"], after["content"][kind]["schema"], sent=False)

    def schema(self, where: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        """`sent`: a client sends it, so that it may only widen; else it is answered and may only narrow."""
        pair = (str(old.get("$ref")), str(new.get("$ref")), sent)
        if "$ref" in old and "$ref" in new:
            if pair in self.compared:
                return
            self.compared.add(pair)
            where = old["$ref"].rpartition("/")[2]
        old, new = resolve(old, self.old), resolve(new, self.new)
        if sent and "properties" in old:
            new = beside_null(new, self.new)
        narrow, wide = (new, old) if sent else (old, new)  # what must not be narrower than the other
        yield from self.values(where, narrow, wide, sent=sent)
        yield from self.members(where, old, new, sent=sent)
        if "items" in old and "items" in new:
            yield from self.schema(f"{where}[]", old["items"], new["items"], sent=sent)
        yield from self.choices(where, old, new, sent=sent)

    def values(self, where: str, larger: Schema, smaller: Schema, *, sent: bool) -> Iterator[str]:
        """Whether every value of the smaller schema is one of the larger."""
        end = "is refused now" if sent else "is new in answers"
        for name, of in (("type", types), ("enum", words)):
            lost = of(smaller) - of(larger) if of(larger) else set()
            if lost:
                yield f"{where}: {name} {', '.join(sorted(lost))} {end}"
        if "enum" in larger and "enum" not in smaller:
            yield f"{where}: any other word {end}"
        if not sent:
            return
        for names, tighter in ((LOWER, 1), (UPPER, -1)):
            for name in names:
                if name in larger and (larger[name] - smaller.get(name, larger[name] - tighter)) * tighter > 0:
                    yield f"{where}: takes less: {name} is {larger[name]}"
        if larger.get("pattern") != smaller.get("pattern") and "pattern" in larger:
            yield f"{where}: pattern is {larger['pattern']}"

    def members(self, where: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name not in after:
                yield f"{where}: {name} is gone"
            else:
                yield from self.schema(f"{where}.{name}", before[name], after[name], sent=sent)
        musts = [set(each.get("required", ())) for each in (old, new)]
        for name in sorted(musts[1] - musts[0] if sent else (musts[0] - musts[1]) & after.keys()):
            yield f"{where}: {name} " + ("is needed now" if sent else "may be missing now")

    def choices(self, where: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        before, after = (
            {
                str(each.get("$ref") or each.get("type")).removesuffix("Patch"): each  # which takes some of it, too
                for each in schema.get("anyOf", schema.get("oneOf", ()))
            }
            for schema in (old, new)
        )
        for name in sorted(before.keys() - after.keys() if sent else after.keys() - before.keys()):
            if before:
                yield f"{where}: {name.rpartition('/')[2]} " + ("is refused now" if sent else "is new in answers")
        for name in before.keys() & after.keys():
            yield from self.schema(where, before[name], after[name], sent=sent)


def resolve(schema: Schema, document: Schema) -> Schema:
    """What a reference stands for."""
    if "$ref" not in schema:
        return schema
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def beside_null(schema: Schema, document: Schema) -> Schema:
    """What else a schema takes, if that is one thing."""
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return resolve(others[0], document) if len(others) == 1 else schema


def types(schema: Schema) -> set[str]:
    """None: any."""
    kind = schema.get("type", [])
    found = {kind} if isinstance(kind, str) else set(kind)
    return found | {"integer"} if "number" in found else found


def words(schema: Schema) -> set[str]:
    """None: any."""
    return set(map(str, schema.get("enum", ())))
