"""JSON Schema of our Structs: msgspec's own, with a name for every enumeration."""

import sys
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"


def schemas(named_kinds: Sequence[tuple[str, Any]]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, and the named schemas that they refer to. The names are for enumerations without."""
    kinds = [kind for _, kind in named_kinds]
    found, components = msgspec.json.schema_components(kinds, ref_template=PREFIX + "{name}")
    names = aliases()
    named: dict[str, Schema] = {}
    mended = {name: mend(schema, name, names, named) for name, schema in components.items()}
    shown = [mend(schema, name, names, named) for (name, _), schema in zip(named_kinds, found, strict=True)]
    return shown, dict(sorted({**mended, **named}.items()))


def aliases() -> Mapping[frozenset[str], str]:
    """What the domain calls its enumerations and unions, by their words or the names of their members."""
    found: dict[frozenset[str], str] = {}
    for module in sorted(name for name in sys.modules if name.startswith("domain.")):
        for name, value in sorted(vars(sys.modules[module]).items(), reverse=True):
            members = get_args(value)
            if get_origin(value) is Literal:
                found[frozenset(members)] = name
            elif isinstance(value, UnionType) and all(isinstance(each, type) for each in members):
                found[frozenset(each.__name__ for each in members)] = name
    return found


def mend(schema: Any, path: str, names: Mapping[frozenset[str], str], named: dict[str, Schema]) -> Any:
    """A schema with its enumerations named and its nullable types said the short way."""
    if isinstance(schema, list):
        return [mend(each, path, names, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "enum" in schema and all(isinstance(word, str) for word in schema["enum"]) and len(schema["enum"]) > 1:
        words = frozenset(schema["enum"])
        name = names.get(words, path)
        named[name] = {"title": name, "type": "string", "enum": list(schema["enum"])}
        rest = {key: value for key, value in schema.items() if key not in {"enum", "type", "title"}}
        return {"$ref": PREFIX + name, **rest}
    if "enum" in schema and len(schema["enum"]) == 1:
        schema = {"type": "string", "const": schema["enum"][0], **{k: v for k, v in schema.items() if k != "enum"}}
    if "prefixItems" in schema:
        schema = pair(schema)
    if "discriminator" in schema:
        members = schema["anyOf"]
        name = names.get(frozenset(each["$ref"].removeprefix(PREFIX) for each in members), path)
        named[name] = {"title": name, "oneOf": members, "discriminator": schema["discriminator"]}
        return {"$ref": PREFIX + name}
    return brief(
        {
            key: keyword(key, value, path, names, named)
            for key, value in schema.items()
            if key != "default" or value is not None  # that what may be null is null when left out goes without saying
        }
    )


def keyword(key: str, value: Any, path: str, names: Mapping[frozenset[str], str], named: dict[str, Schema]) -> Any:
    """What one keyword of a schema says, mended."""
    if key in {"default", "examples", "const", "required", "mapping"}:
        return value
    if key == "description":
        return " ".join(str(value).split())
    if key == "properties":
        return {
            each: mend(inner, path + "".join(map(str.capitalize, each.split("_"))), names, named)
            for each, inner in value.items()
        }
    return mend(value, path, names, named)


def pair(schema: Schema) -> Schema:
    """A tuple of alike members as a plain array of that length: client generators know no other."""
    rest = {key: value for key, value in schema.items() if key != "prefixItems"}
    [kind] = {each["type"] for each in schema["prefixItems"]}
    return {**rest, "items": {"type": kind}}


def brief(schema: Schema) -> Schema:
    """`anyOf` a plain type and null as one schema with two types."""
    choices = schema.get("anyOf", ())
    null = {"type": "null"}
    if len(choices) == 2 and null in choices:
        other = next(each for each in choices if each != null)
        if isinstance(other.get("type"), str):
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**other, "type": [other["type"], "null"], **rest}
    return schema


def optional(schema: Schema, components: dict[str, Schema]) -> Schema:
    """The schema of a merge patch for a document, down to the objects in it, whose own are added to the components.

    Nothing is required or filled in, and null takes away whatever may be left out.
    """
    about = [schema.get("description"), "A merge patch (RFC 7396): what is left out stays, null takes away."]
    said = {"title": f"{schema['title']}Patch", "description": " ".join(filter(None, about))}
    if "oneOf" in schema:  # what is left out may be the word that tells them apart
        return {**said, "anyOf": [merged(each, components) for each in schema["oneOf"]]}
    properties = {}
    for name, each in schema["properties"].items():
        member = merged({key: value for key, value in each.items() if key != "default"}, components)
        properties[name] = member if name in schema.get("required", ()) else nullable(member)
    return {**{key: value for key, value in schema.items() if key != "required"}, **said, "properties": properties}


def merged(schema: Schema, components: dict[str, Schema]) -> Schema:
    """A member of a document as its merge patch has it: objects are merged as well, all else is replaced."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [merged(each, components) for each in schema["anyOf"]]}
    name = schema.get("$ref", "").removeprefix(PREFIX)
    if not components.get(name, {}).keys() & {"properties", "oneOf"}:
        return schema
    components[f"{name}Patch"] = optional(components[name], components)
    return {**schema, "$ref": f"{PREFIX}{name}Patch"}


def nullable(schema: Schema) -> Schema:
    """A schema that takes null, too."""
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        return {**schema, "type": list(dict.fromkeys([*kinds, "null"]))}
    null = {"type": "null"}
    choices = schema.get("anyOf", [{"$ref": schema.get("$ref")}])
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "$ref"}}
    return {"anyOf": [*(each for each in choices if each != null), null], **rest}
