"""The published files as they are, and what is wrong with their rows: told, never dropped in silence."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources

import msgspec

STATIONS = "fire_stations_england.csv"
LIBRARIES = "libraries_greater_manchester.csv"
FACILITIES = "sports_facilities_trafford.csv"
SCHOOLS = "schools_trafford.csv"

OUTWARD = "[A-Z]{1,2}[0-9][A-Z0-9]?"
INWARD = "[0-9][A-Z]{2}"
ABSENT = re.compile(r"|NA|N/A|Not available\b.*", re.IGNORECASE)


class Untidy(msgspec.Struct, frozen=True, order=True):
    """A row that is not as it should be: which, why, and what the demo made of it."""

    file: str
    line: int
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}: {self.why}"


class Row(msgspec.Struct, frozen=True):
    """A row of a file, its cells without stray blanks; None where the publisher has nothing."""

    file: str
    line: int
    cells: Mapping[str, str | None]

    def __getitem__(self, column: str) -> str | None:
        return self.cells[column]

    def text(self, column: str) -> str:
        """A cell that is always filled."""
        return self.cells[column] or ""

    def number(self, column: str) -> float | None:
        """A cell as a number; None where it is none."""
        try:
            return float(self.cells[column] or "")
        except ValueError:
            return None

    def untidy(self, name: str, why: str) -> Untidy:
        """This row, and what is wrong with it."""
        return Untidy(self.file, self.line, name, why)


def read(file: str, faults: list[Untidy], *, name: str) -> list[Row]:
    """The rows of a file; what blanks and repeated rows it has is added to `faults`. `name`: the naming column."""
    text = (resources.files("fallow.demo") / "data" / file).read_text(encoding="utf-8")
    rows = []
    seen: set[tuple[str, ...]] = set()
    reader = csv.DictReader(text.splitlines())
    for raw in reader:
        row = Row(file, reader.line_num, {column: clean(cell) for column, cell in raw.items()})
        rows.append(row)
        if strange := [column for column, cell in raw.items() if cell != " ".join(cell.split())]:
            faults.append(row.untidy(row.text(name), f"stray blanks in {', '.join(strange)}: taken out"))
        if tuple(raw.values()) in seen:
            faults.append(row.untidy(row.text(name), "the same row again: left out"))
            rows.pop()
        seen.add(tuple(raw.values()))
    return rows


def clean(cell: str) -> str | None:
    """A cell without stray blanks (no-break ones too); None for the publishers' ways of saying nothing."""
    text = " ".join(cell.split())
    return None if ABSENT.fullmatch(text) else text


def postcode(row: Row, column: str, name: str, faults: list[Untidy]) -> str | None:
    """A row's postcode as it is written properly; None where there is none or none can be meant."""
    given = row[column]
    if given is None:
        faults.append(row.untidy(name, "no postcode"))
        return None
    compact = re.sub(r"\(.*", "", given.upper()).replace(" ", "")
    compact = re.sub("O(..)$", r"0\1", compact)
    if not re.fullmatch(OUTWARD + INWARD, compact):
        faults.append(row.untidy(name, f"{given} is no postcode: left out"))
        return None
    proper = f"{compact[:-3]} {compact[-3:]}"
    if proper != given:
        faults.append(row.untidy(name, f"postcode {given} read as {proper}"))
    return proper


def names(rows: Sequence[Row], column: str, suffix: str, faults: list[Untidy]) -> Iterator[tuple[Row, str]]:
    """Each row with a name that no other has; `suffix`: the column that tells namesakes apart."""
    count = Counter(row.text(column).casefold() for row in rows)
    for row in rows:
        name = row.text(column)
        if count[name.casefold()] > 1:
            faults.append(row.untidy(name, f"{count[name.casefold()]} rows of this name: told apart by {suffix}"))
            name = f"{name} ({row.text(suffix)})"
        yield row, name


def address(text: str | None, code: str | None) -> tuple[str | None, str | None]:
    """Street and town of an address in one line, as far as they can be told."""
    parts = [part.strip(" -.") for part in (text or "").split(",")]
    squeezed = (code or "").replace(" ", "").casefold()
    parts = [part for part in parts if part and part.replace(" ", "").casefold() != squeezed]
    if len(parts) > 1:
        parts = [part for part in parts if not re.search(r"\b(fire station|station$|library\b)", part, re.IGNORECASE)]
    if len(parts) > 1 and re.fullmatch(r"[\d\s-]+[a-z]?", parts[0], re.IGNORECASE):
        parts[:2] = [f"{parts[0]} {parts[1]}"]
    return (parts[0] if parts else None), (parts[1] if len(parts) > 1 else None)
