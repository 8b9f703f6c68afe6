"""That a crowd at one asset leaves connections for everybody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.connection import PATIENCE
from domain.errors import Overloaded


class Door:
    """What a crowd waits at, and how many they are."""

    def __init__(self, width: int) -> None:
        self.places = asyncio.Semaphore(width)
        self.crowd = 0


class Doors:
    """Of those who want to change one thing, so many at a time may hold a connection; the rest wait without one.

    Correctness does not need it: the order of locks in the database does.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.doors: dict[str, Door] = {}

    @asynccontextmanager
    async def through(self, name: str | None) -> AsyncIterator[None]:
        """Wait for a place at the door of that name; None needs none. Raises Overloaded when none comes free soon."""
        if name is None:
            yield
            return
        door = self.doors.setdefault(name, Door(self.width))
        door.crowd += 1
        try:
            try:
                async with asyncio.timeout(PATIENCE):
                    await door.places.acquire()
            except TimeoutError:
                raise Overloaded from None
            try:
                yield
            finally:
                door.places.release()
        finally:
            door.crowd -= 1
            if not door.crowd:
                del self.doors[name]
