"""PostgreSQL as a machine's packages bring it: where it is, whom it runs as, what it says when it fails."""

import contextlib
import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path

from db.errors import SetupFailed

OLDEST = 15
NO_ROOM = "No space left on device"


def find_programs() -> Path:
    """The folder of the newest PostgreSQL here that has PostGIS."""
    versions = [
        int(folder.parent.name)
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit()
        and (folder / "postgres").exists()
        and Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").exists()
    ]
    if max(versions, default=0) < OLDEST:
        raise SetupFailed("PostgreSQL 15 or newer with PostGIS is missing: run scripts/setup, or set DATABASE_URL.")
    return Path(f"/usr/lib/postgresql/{max(versions)}/bin")


def database_user() -> pwd.struct_passwd:
    """Whom the database runs as when root starts it: PostgreSQL refuses root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise SetupFailed(
            "PostgreSQL does not run as root: run Fallow as an ordinary user, or type: useradd --system "
            "--user-group --no-create-home --shell /usr/sbin/nologin postgres"
        ) from None


def as_owner(data: Path) -> list[str]:
    """The words before a program that must end with us and, if we are root, run as the owner of its data."""
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        owner = data.stat()
        words += [f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--init-groups"]
    return words


@contextlib.contextmanager
def open_directory(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """How a child names a directory, and the descriptors it inherits for that.

    As root the child is another user, who may not be able to walk to the directory, so it gets it opened.
    """
    if os.geteuid() != 0:
        yield str(path), ()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def complaint(log: str) -> str:
    """The one line that matters of what PostgreSQL wrote: the first that is fatal, cause of the others."""
    if NO_ROOM in log or "Check free disk space" in log:
        return NO_ROOM
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    fatal = [line for line in lines if re.search(r"\b(PANIC|FATAL|error|could not)\b", line)]
    line = (fatal or lines[-1:] or ["it said nothing"])[0]
    return re.sub(r"^.*?(?=PANIC|FATAL|could not)", "", line)
