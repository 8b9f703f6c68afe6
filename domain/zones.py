"""Which time zones are valid: those that Python and PostgreSQL both know."""

from collections.abc import Iterable

ODD = frozenset({"localtime", "Factory", "posixrules"})


def valid(python: Iterable[str], postgres: Iterable[str]) -> frozenset[str]:
    """The names that both have, without those that name no place or count leap seconds."""
    both = frozenset(python) & frozenset(postgres)
    return frozenset(name for name in both - ODD if not name.startswith(("posix/", "right/")))
