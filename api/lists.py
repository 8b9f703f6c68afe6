"""What all lists share: how many, from where, and the cursor to the next page."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import Meta

from api.cursors import Cursors

T = TypeVar("T")
P = TypeVar("P")

Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str, Meta(max_length=2000, description="`next` of the page before, with the same filters.")]


class Pages:
    """One list as it was asked for: its operation, its filters, its cursor. Read `position`, then make `page`.

    Ask the database for `limit + 1` rows: one too many means that there is a next page.
    """

    def __init__(self, cursors: Cursors, operation: str, cursor: str | None, limit: int, **filters: object) -> None:
        self.cursors = cursors
        self.operation = operation
        self.cursor = cursor
        self.limit = limit
        self.filters = filters

    def position(self, kind: type[P]) -> P | None:
        """Where to go on; None at the beginning. Raises CursorInvalid, CursorMismatch."""
        if self.cursor is None:
            return None
        return self.cursors.decode(self.operation, self.filters, self.cursor, kind)

    def page(self, kind: Callable[[list[T], str | None], P], rows: Sequence[T], position: Callable[[T], object]) -> P:
        """The page Struct of `limit + 1` rows; `position` of the last that is shown becomes the cursor."""
        shown = list(rows[: self.limit])
        if len(rows) <= self.limit:
            return kind(shown, None)
        return kind(shown, self.cursors.encode(self.operation, self.filters, position(shown[-1])))
