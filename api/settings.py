"""What can be set from outside, all of it by environment variables."""

import os
from collections.abc import Mapping
from typing import Literal, cast

import msgspec

from db.errors import SetupFailed


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` signs cursors; None means the one that the database made for itself at its first start."""

    database_url: str
    database_read_url: str
    secret: bytes | None = None
    registration: Literal["open", "closed"] = "open"
    cors_origins: tuple[str, ...] = ()
    pool_size: int = 10


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SetupFailed for one that makes no sense."""
    url = environment.get("DATABASE_URL")
    if not url:
        raise SetupFailed("Set DATABASE_URL to the database to use, or type make run, which brings its own.")
    registration = environment.get("FALLOW_REGISTRATION", "open")
    if registration not in {"open", "closed"}:
        raise SetupFailed("Set FALLOW_REGISTRATION to open or closed.")
    size = environment.get("FALLOW_POOL_SIZE", "10")
    if not size.isdecimal() or not 1 <= int(size) <= 1000:
        raise SetupFailed("Set FALLOW_POOL_SIZE to a number of connections, 1 to 1000.")
    return Settings(
        database_url=url,
        database_read_url=environment.get("DATABASE_READ_URL") or url,
        secret=environment["FALLOW_SECRET"].encode() if environment.get("FALLOW_SECRET") else None,
        registration=cast("Literal['open', 'closed']", registration),
        cors_origins=tuple(environment.get("FALLOW_CORS_ORIGINS", "").replace(",", " ").split()),
        pool_size=int(size),
    )
