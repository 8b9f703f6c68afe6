"""What a type takes, in words that a person can act on: no regular expression, and no name of a type of ours.

A pattern cannot be read aloud: its `Meta` says `extra={"words": …}`, to be read after "expected".
"""

import json
from collections.abc import Collection, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import inspect

LONGEST = 60  # characters of what was sent that are said again
NOT_BLANK = r"\S"
PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 2027-03-02",
    inspect.DateTimeType: "an instant with seconds and an offset, such as 2027-03-02T18:30:00Z",
    inspect.UUIDType: "an id such as 01890a5d-ac96-774b-bcce-b302099a8057",
}


def refusal(value: object, kind: Any) -> str:
    """What is said of a value that a type does not take."""
    choices = enumerated(kind)
    if choices and isinstance(value, str):
        return f"{shown(value)} is none of {', '.join(choices)}."
    return f"Expected {wanted(kind)}; got {shown(value)}."


def missing(kind: Any) -> str:
    """What is said of a value that must be there and is not."""
    return f"It is required: {wanted(kind)}."


def unknown(what: str, known: Collection[str]) -> str:
    """What is said of the name of a field or a parameter that there is not."""
    return f"There is no such {what}; {'there are ' + ', '.join(known) if known else 'none is taken here'}."


def wanted(kind: Any) -> str:
    """What a type takes, to be read after "expected"."""
    choices = enumerated(kind)
    return one_of(choices) if choices else phrase(inspect.type_info(kind))


def enumerated(kind: Any) -> Sequence[str]:
    """The words of an enumeration, in their order; none for another type."""
    if get_origin(kind) is Literal:
        return [json.dumps(value) if isinstance(value, bool) else str(value) for value in get_args(kind)]
    if get_origin(kind) is Annotated:
        return enumerated(get_args(kind)[0])
    others = [each for each in get_args(kind) if each is not type(None)]
    return enumerated(others[0]) if len(others) == 1 and get_origin(kind) in {Union, UnionType} else ()


def members(info: inspect.Type) -> Sequence[inspect.Type]:
    """The members of a union, else the type itself; without null."""
    if isinstance(info, inspect.Metadata):
        return members(info.type)
    if isinstance(info, inspect.UnionType):
        return [each for each in info.types if not isinstance(each, inspect.NoneType)]
    return [info]


def phrase(info: inspect.Type) -> str:
    """As `wanted`, of a type that msgspec has taken apart."""
    said = PLAIN.get(type(info), "an object")
    match info:
        case inspect.StructType(fields=fields):
            names = ", ".join(field.encode_name for field in fields)
            said = f"an object with {names}" if fields else "no body, or {}"
        case inspect.Metadata(type=inner, extra=extra):
            said = (extra or {}).get("words") or phrase(inner)
        case inspect.UnionType():
            said = " or ".join(dict.fromkeys(phrase(each) for each in members(info)))
        case inspect.IntType(ge=least, le=most):
            said = within("a whole number", "from", least, most)
        case inspect.FloatType(ge=least, le=most):
            said = within("a number", "from", least, most)
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            said = within("a text", "of", least, most, " characters")
            said += ", not all of them blank" if pattern == NOT_BLANK else ""
        case inspect.ListType(min_length=least, max_length=most):
            said = within("a list", "of", least, most)
        case inspect.TupleType(item_types=items):
            said = f"a list of {len(items)}"
    return str(said)


def one_of(words: Sequence[str]) -> str:
    """A choice among words."""
    return f"one of {', '.join(words)}" if len(words) > 1 else words[0]


def within(name: str, word: str, least: float | None, most: float | None, unit: str = "") -> str:
    """A type with its bounds."""
    if least is not None and most is not None:
        return f"{name} {word} {least:.0f} to {most:.0f}{unit}" if least < most else f"{name} {word} {least:.0f}{unit}"
    if most is not None:
        return f"{name} of at most {most:.0f}{unit}"
    return f"{name} of at least {least:.0f}{unit}" if least is not None else name


def shown(value: object) -> str:
    """What was sent, said again in short."""
    match value:
        case dict():
            return "an object"
        case list():
            return f"a list of {len(value)}"
        case str() if len(value) > LONGEST:
            return f"a text of {len(value)} characters"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else "one that is far too long"
