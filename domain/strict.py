"""From plain values to typed ones, strictly, and with every fault at once.

msgspec stops at its first fault, names types and patterns, and takes instants that RFC 3339 does not know. This walks
a value beside its type, asks msgspec about each leaf, and says in the words of `domain/words.py` what is wrong.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from domain import words
from domain.errors import MOST_FAULTS, Fault, Invalid
from domain.types import read_instant

T = TypeVar("T")
NUL = "The character U+0000 is not allowed."


def convert(value: object, kind: type[T], pointer: str = "#") -> T:
    """A plain value as its type. Raises Invalid with all that is wrong, each with its JSON pointer."""
    faults: list[Fault] = []
    value = check(value, kind, pointer, faults)
    if faults:
        raise Invalid(faults)
    return msgspec.convert(value, kind)


def check(value: Any, kind: Any, pointer: str, faults: list[Fault]) -> Any:
    """The value with its instants in UTC; what is wrong with it goes to `faults`, unless they are full."""
    bare, members = unwrap(kind)
    if len(faults) >= MOST_FAULTS or (value is None and type(None) in members):
        return value
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        return check(value, others[0], pointer, faults)
    if others and isinstance(value, dict) and all(is_struct(member) for member in others):
        return check_tagged(value, others, pointer, faults)
    if is_struct(bare) and isinstance(value, dict):
        return check_struct(value, bare, pointer, faults)
    if get_origin(bare) in {list, tuple} and isinstance(value, list):
        return check_items(value, kind, pointer, faults)
    return leaf(value, kind, pointer, faults)


def check_items(value: list[Any], kind: Any, pointer: str, faults: list[Fault]) -> Any:
    """A list, item by item; where all of them are right, the list itself."""
    bare, _ = unwrap(kind)
    before = len(faults)
    inner = get_args(bare) if get_origin(bare) is tuple else get_args(bare) * len(value)
    checked = [
        check(item, each, f"{pointer}/{place}", faults)
        for place, (item, each) in enumerate(zip(value, inner, strict=False))
    ]
    return checked if len(faults) > before else leaf([*checked, *value[len(checked) :]], kind, pointer, faults)


def check_tagged(value: dict[str, Any], kinds: list[type[msgspec.Struct]], pointer: str, faults: list[Fault]) -> Any:
    """An object that says by its tag which of several it is."""
    by_tag = {kind.__struct_config__.tag: kind for kind in kinds}
    name = str(kinds[0].__struct_config__.tag_field)
    tag = value.get(name)
    if isinstance(tag, str) and tag in by_tag:
        return check_struct(value, by_tag[tag], pointer, faults)
    known: Any = Literal[tuple(by_tag)]
    faults.append(Fault(f"{pointer}/{name}", words.refusal(tag, known) if name in value else words.missing(known)))
    return value


def check_struct(value: dict[str, Any], kind: type[msgspec.Struct], pointer: str, faults: list[Fault]) -> Any:
    """An object, member by member."""
    fields: dict[str, Any] = {field.encode_name: field.type for field in members_of(kind)}
    missing = [field.encode_name for field in members_of(kind) if field.required and field.encode_name not in value]
    if tag := kind.__struct_config__.tag_field:
        fields = {tag: Literal[kind.__struct_config__.tag], **fields}
        missing += [tag] if tag not in value else []
    checked = {}
    for name, member in value.items():
        if name in fields:
            checked[name] = check(member, fields[name], f"{pointer}/{escape(name)}", faults)
        elif len(faults) < MOST_FAULTS:
            faults.append(Fault(f"{pointer}/{escape(name)}", words.unknown("field", fields)))
    faults.extend(Fault(f"{pointer}/{name}", words.missing(fields[name])) for name in missing)
    return checked


def leaf(value: Any, kind: Any, pointer: str, faults: list[Fault], *, strict: bool = True) -> Any:
    """A value that is not looked into further."""
    try:
        if isinstance(value, str) and is_instant(kind):
            return read_instant(value).isoformat().replace("+00:00", "Z")
        typed = msgspec.convert(value, kind, strict=strict)
        if isinstance(typed, float) and not math.isfinite(typed):
            faults.append(Fault(pointer, f"Expected {words.wanted(kind)}, and a finite one."))
        elif any("\0" in text for text in texts(value)):
            faults.append(Fault(pointer, NUL))
    except msgspec.ValidationError:
        faults.append(Fault(pointer, words.refusal(value, kind)))
    except ValueError as error:
        faults.append(Fault(pointer, f"{str(error).removesuffix('.')}; got {words.shown(value)}."))
    return value


def texts(value: object) -> Iterator[str]:
    """Every text inside a plain value, the names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from texts(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


@cache
def members_of(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of a Struct."""
    return msgspec.structs.fields(kind)


def unwrap(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without what is said about it, and the members if it is a union."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind, get_args(kind) if get_origin(kind) in {Union, UnionType} else ()


def is_struct(kind: Any) -> bool:
    """Whether it is a Struct."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def is_instant(kind: Any) -> bool:
    """Whether it is an instant, or an instant or null."""
    bare, members = unwrap(kind)
    return bare is datetime or any(is_instant(member) for member in members)


def escape(name: str) -> str:
    """A member's name in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
