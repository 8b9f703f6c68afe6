"""The published lists: categories, features, requirements, purposes. Data, in data/taxonomy.json."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from domain.errors import Fault

AssetKind = Literal["space", "vehicle", "equipment", "people"]
ListName = Literal["categories", "features", "requirements", "purposes"]


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A word of a list. `kinds`: the kinds of asset that it is for."""

    code: str
    title: str
    description: str
    kinds: list[AssetKind]


class TermPage(msgspec.Struct, frozen=True):
    """Terms by code, and the cursor to the next."""

    items: list[Term]
    next: str | None


class Taxonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each list by code, in order."""

    categories: dict[str, Term]
    features: dict[str, Term]
    requirements: dict[str, Term]
    purposes: dict[str, Term]


@cache
def taxonomy() -> Taxonomy:
    """The lists that this version ships."""
    text = (resources.files("domain") / "data" / "taxonomy.json").read_bytes()
    lists = msgspec.json.decode(text, type=dict[str, list[Term]])
    return Taxonomy(**{name: by_code(terms) for name, terms in lists.items()})


def by_code(terms: Iterable[Term]) -> dict[str, Term]:
    """A list by its codes, in their order."""
    return {term.code: term for term in sorted(terms, key=lambda term: term.code)}


def category_faults(code: str, kind: AssetKind, pointer: str) -> Iterator[Fault]:
    """Why a category may not stand for an asset of a kind."""
    known = taxonomy().categories.get(code)
    if known is None:
        yield Fault(pointer, no_such(code, "categories"))
    elif kind not in known.kinds:
        allowed = ", ".join(term.code for term in taxonomy().categories.values() if kind in term.kinds)
        yield Fault(pointer, f"This category is for {' or '.join(known.kinds)}. Those for {kind}: {allowed}.")


def no_such(code: str, name: ListName) -> str:
    """What is said of a code that a list lacks."""
    near = get_close_matches(code, getattr(taxonomy(), name), n=3)
    nearest = f", where {' and '.join(near)} {'come' if len(near) > 1 else 'comes'} nearest" if near else ""
    return f"It is not in the published list, /v1/{name}{nearest}."


def unknown(codes: Iterable[str], name: ListName, pointer: str) -> Iterator[Fault]:
    """The codes that a list lacks, and those that are named twice."""
    seen: set[str] = set()
    terms = getattr(taxonomy(), name)
    for number, code in enumerate(codes):
        if code not in terms:
            yield Fault(f"{pointer}/{number}", no_such(code, name))
        elif code in seen:
            yield Fault(f"{pointer}/{number}", "It is named twice.")
        seen.add(code)
