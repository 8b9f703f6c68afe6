"""What is found out about a request on its way to the answer, for whoever comes after."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request

from domain.callers import Caller


class Known(msgspec.Struct):
    """`token`: as it was sent; `form`: in which to answer; `query`: as it was checked; `document`: the body as plain
    values, `data` what it comes to; `answer`: status, headers, body without secrets, and what it says.
    """

    now: datetime | None = None
    token: str | None = None
    form: str | None = None
    query: Sequence[tuple[str, str]] = ()
    document: Any = None
    data: Any = None
    dry_run: bool = False
    caller: Caller | None = None
    first_use_today: UUID | None = None
    answer: tuple[int, dict[str, str], bytes, object] | None = None


class Asked(Request[Any, Any, Any]):
    """A request; Litestar's own would make its state anew each time that it is looked at."""

    @cached_property
    def state(self) -> Known:
        """What is known of it."""
        return Known()
