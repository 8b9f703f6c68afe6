"""What a person can do about the failures that are theirs to mend, each in a sentence.

Anything else is a fault of ours and keeps its traceback.
"""

import errno
import os
import socket
from collections.abc import Iterator

import asyncpg
from asyncpg.exceptions import ClientConfigurationError

from db.errors import SetupFailed
from domain.errors import Refused
from fallow.postgres import NO_ROOM

DATABASE: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (ClientConfigurationError,),
        "DATABASE_URL is no address of a PostgreSQL database ({said}).",
    ),
    (
        (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError),
        "The database refuses DATABASE_URL ({said}); correct the user, password or database in it.",
    ),
    (
        (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError),
        "The database takes no connection now ({said}); try again in a moment.",
    ),
    (
        (asyncpg.LockNotAvailableError,),
        "Somebody else is changing the same thing; try again in a moment.",
    ),
    (
        (asyncpg.InsufficientPrivilegeError,),
        "The user in DATABASE_URL may not do this ({said}); ask the database's administrator.",
    ),
    (
        (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError),
        "The database went away ({said}); start again.",
    ),
    (
        (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError),
        "The database is not of this version of Fallow; type: fallow migrate",
    ),
)


def explain(failure: BaseException) -> str | None:
    """The sentence for a failure: our own, a full disk, else its innermost cause's; None where there is none."""
    chain = list(causes(failure))
    told = [*map(explain_ours, chain), *map(explain_disk, chain), *map(explain_others, reversed(chain))]
    return next(filter(None, told), None)


def causes(failure: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on; of a broken connection also what broke it before."""
    error: BaseException | None = failure
    while error:
        yield error
        broken = isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresError | OSError)
        error = error.__cause__ or (error.__context__ if broken else None)


def explain_ours(error: BaseException) -> str | None:
    """What Fallow itself says."""
    return str(error) if isinstance(error, SetupFailed | Refused) else None


def explain_disk(error: BaseException) -> str | None:
    """A full disk, whoever met it."""
    if not isinstance(error, asyncpg.DiskFullError) and NO_ROOM not in str(error):
        return None
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return f"The disk is full{where}; make room and start again."


def explain_others(error: BaseException) -> str | None:
    """What the machine or the database refused."""
    return explain_machine(error) if isinstance(error, OSError) else explain_database(error)


def explain_database(error: BaseException) -> str | None:
    """What PostgreSQL or the way to it refused."""
    said = next(iter(str(error).splitlines()), type(error).__name__)
    for kinds, sentence in DATABASE:
        if isinstance(error, kinds):
            return sentence.format(said=said)
    return None


def explain_machine(error: OSError) -> str:
    """What the machine refused."""
    where = f" ({error.filename})" if error.filename else ""
    if isinstance(error, socket.gaierror | ConnectionError | TimeoutError):
        number = error.errno or 0  # negative for names that do not resolve
        why = os.strerror(number) if number > 0 else error.strerror or error
        return f"The database cannot be reached ({why}); does it run, and is DATABASE_URL right?"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission{where}: run Fallow as the owner of its folder, or set FALLOW_HOME to another."
    return f"{error.strerror or error}{where}."
