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
from fallow.postgres import NO_ROOM

MISSING_TABLES = "The database has no tables of Fallow's, or old ones: type: fallow migrate"


def explain(failure: BaseException) -> str | None:
    """The sentence for a failure, from the innermost cause that has one; None where there is none."""
    sentences = [sentence for error in causes(failure) if (sentence := explain_one(error))]
    return sentences[-1] if sentences else None


def causes(failure: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    error: BaseException | None = failure
    while error:
        yield error
        error = error.__cause__ or error.__context__


def explain_one(error: BaseException) -> str | None:
    """The sentence for one error, its causes aside."""
    if isinstance(error, SetupFailed):
        return str(error)
    if isinstance(error, asyncpg.DiskFullError) or NO_ROOM in str(error):
        where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        return f"The disk is full{where}; make room and start again."
    if isinstance(error, OSError):
        return explain_machine(error)
    return explain_database(error)


def explain_database(error: BaseException) -> str | None:
    """What PostgreSQL or the way to it refused."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, ClientConfigurationError):
        return f"DATABASE_URL is no address of a PostgreSQL database ({said})."
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError | asyncpg.InvalidCatalogNameError):
        return f"The database refuses DATABASE_URL ({said}); correct the user, password or database in it."
    if isinstance(error, asyncpg.CannotConnectNowError | asyncpg.TooManyConnectionsError):
        return f"The database takes no connection now ({said}); try again in a moment."
    if isinstance(
        error, asyncpg.PostgresConnectionError | asyncpg.AdminShutdownError | asyncpg.CrashShutdownError
    ):
        return f"The database went away ({said}); start again."
    if isinstance(
        error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError | asyncpg.UndefinedFunctionError
    ):
        return MISSING_TABLES
    return None


def explain_machine(error: OSError) -> str:
    """What the machine refused."""
    where = f" ({error.filename})" if error.filename else ""
    if isinstance(error, socket.gaierror | ConnectionError | TimeoutError):
        why = os.strerror(error.errno) if (error.errno or 0) > 0 else error.strerror or error
        return f"The database cannot be reached ({why}); does it run, and is DATABASE_URL right?"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission{where}: run Fallow as the owner of its folder, or set FALLOW_HOME to another."
    return f"{error.strerror or error}{where}."
