"""A page of a list as CSV (RFC 4180), for people who open it in a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from api.accept import CSV
from api.answers import Answer, T

RUNS = ("=", "+", "-", "@")


class Sheet(Answer[T]):
    """A page with a line for each of its items, or with those that `lines` makes of it. `Link` names the next page, as
    in JSON.
    """

    def __init__(
        self,
        page: T,
        columns: Mapping[str, Callable[[Any], object]],
        lines: Callable[[T], Iterable[object]] = attrgetter("items"),
    ) -> None:
        super().__init__(page, media_type=f"{CSV}; charset=utf-8")
        self.columns = columns
        self.lines = lines

    def encoded(self, content: Any) -> bytes:
        """The lines under a header."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([cell(column(item)) for column in self.columns.values()] for item in self.lines(content))
        return text.getvalue().encode()


def cell(value: object) -> str:
    """A value as a spreadsheet may have it: one that it would run, whatever blanks come first, after an apostrophe."""
    text = "" if value is None else str(value)
    runs = unicodedata.normalize("NFKC", text).lstrip().startswith(RUNS)  # some take full-width signs too
    return f"'{text}" if runs or text.startswith(("\t", "\r", "\n")) else text
