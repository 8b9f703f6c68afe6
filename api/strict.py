"""From plain values to typed ones, strictly, and with every fault at once.

msgspec stops at its first fault and takes instants that RFC 3339 does not know. This walks a value beside its type,
collects what is wrong with each leaf, and leaves the rest to msgspec.
"""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from domain.errors import Fault, Invalid
from domain.types import read_instant

T = TypeVar("T")
PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def convert(value: object, kind: type[T], pointer: str = "#") -> T:
    """A plain value as its type. Raises Invalid with all that is wrong, each with its JSON pointer."""
    faults: list[Fault] = []
    value = check(value, kind, pointer, faults)
    if faults:
        raise Invalid(faults)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Invalid([fault(error, pointer)]) from None


def check(value: Any, kind: Any, pointer: str, faults: list[Fault]) -> Any:
    """The value with its instants in UTC; what is wrong with it goes to `faults`."""
    bare, members = unwrap(kind)
    if members:
        chosen = choose(value, members)
        if chosen is None:
            return leaf(value, kind, pointer, faults)
        return check(value, chosen, pointer, faults)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        return check_struct(value, bare, pointer, faults)
    if get_origin(bare) is list and isinstance(value, list):
        before = len(faults)
        (inner,) = get_args(bare)
        value = [check(item, inner, f"{pointer}/{number}", faults) for number, item in enumerate(value)]
        return value if len(faults) > before else leaf(value, kind, pointer, faults)
    return leaf(value, kind, pointer, faults)


def check_struct(value: dict[str, Any], kind: type[msgspec.Struct], pointer: str, faults: list[Fault]) -> Any:
    """An object, member by member."""
    fields = {field.encode_name: field for field in members_of(kind)}
    tag = kind.__struct_config__.tag_field
    checked = {}
    for name, member in value.items():
        if name in fields:
            checked[name] = check(member, fields[name].type, f"{pointer}/{escape(name)}", faults)
        elif name != tag:
            faults.append(Fault(f"{pointer}/{escape(name)}", "There is no such field."))
        elif member != kind.__struct_config__.tag:
            faults.append(Fault(f"{pointer}/{tag}", f"Expected {kind.__struct_config__.tag}."))
    missing = [name for name, field in fields.items() if field.required and name not in value]
    if tag and tag not in value:
        missing.append(tag)
    faults.extend(Fault(f"{pointer}/{escape(name)}", "It is required.") for name in missing)
    return {tag: value[tag], **checked} if tag and tag in value else checked


def leaf(value: Any, kind: Any, pointer: str, faults: list[Fault], *, strict: bool = True) -> Any:
    """A value that is not looked into further."""
    try:
        if isinstance(value, str) and is_instant(kind):
            return read_instant(value).isoformat().replace("+00:00", "Z")
        for text in texts(value):
            if "\0" in text:
                raise ValueError("The character U+0000 is not allowed.")  # noqa: TRY301 - all faults end in one place
        typed = msgspec.convert(value, kind, strict=strict)
        if isinstance(typed, float) and not math.isfinite(typed):
            raise ValueError("Expected a finite number.")  # noqa: TRY301 - the same
    except msgspec.ValidationError as error:
        faults.append(fault(error, pointer))
    except ValueError as error:
        faults.append(Fault(pointer, str(error)))
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


def choose(value: object, members: tuple[Any, ...]) -> Any:
    """The member of a union that a value is meant for; None where only msgspec can tell."""
    if value is None and type(None) in members:
        return type(None)
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        return others[0]
    if isinstance(value, dict):
        for member in others:
            config = getattr(member, "__struct_config__", None)
            if config and value.get(config.tag_field) == config.tag:
                return member
    return None


@cache
def members_of(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of a Struct."""
    return msgspec.structs.fields(kind)


def unwrap(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without what is said about it, and the members if it is a union."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind, get_args(kind) if get_origin(kind) in {Union, UnionType} else ()


def is_instant(kind: Any) -> bool:
    """Whether it is an instant, or an instant or null."""
    bare, members = unwrap(kind)
    return bare is datetime or any(is_instant(member) for member in members)


def escape(name: str) -> str:
    """A member's name in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def fault(error: msgspec.ValidationError, pointer: str) -> Fault:
    """What msgspec says, with a JSON pointer in place of its path."""
    text = str(error)
    if found := PATH.search(text):
        text = text[: found.start()]
        for name, number in STEP.findall(found["path"]):
            pointer += f"/{escape(name) or number}" if name or number else ""
    return Fault(pointer, text.rstrip(".") + ".")
