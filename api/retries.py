"""Two transactions that wait for each other: PostgreSQL ends one, and it is run again."""

import asyncio
import random
from typing import cast

import asyncpg
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import tell

ATTEMPTS = 3
TRANSIENT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class Retries:
    """Runs a request again, from the start and with the same body, when its transaction was chosen to yield.

    Nothing has been sent by then: transactions end before the answer begins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = Replay(receive)
        for attempt in range(1, ATTEMPTS + 1):
            state = {**scope.get("state", {}), "last_attempt": attempt == ATTEMPTS}
            fresh = cast("Scope", {**scope, "state": state})
            try:
                await self.app(fresh, body.receive(), send)
            except TRANSIENT:
                await asyncio.sleep(random.uniform(0, 0.05) * attempt)  # noqa: S311 - spreads, hides nothing
            else:
                return
            finally:
                tell(fresh, scope)


class Replay:
    """A request's messages, kept so that they can be received again."""

    def __init__(self, receive: Receive) -> None:
        self.source = receive
        self.kept: list[Message] = []

    def receive(self) -> Receive:
        """A receive that begins at the beginning."""
        place = 0

        async def receive() -> Message:
            nonlocal place
            if place == len(self.kept):
                self.kept.append(cast("Message", await self.source()))
            place += 1
            return self.kept[place - 1]

        return cast("Receive", receive)
