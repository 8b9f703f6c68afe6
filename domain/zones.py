"""Which time zones are valid: those that Python and PostgreSQL both know."""

from collections.abc import Iterable

ODD = frozenset({"localtime", "Factory", "posixrules"})
FIXED = frozenset({"CET", "EET", "MET", "WET"})  # PostgreSQL reads them as abbreviations, the same in summer


def valid(python: Iterable[str], postgres: Iterable[str]) -> frozenset[str]:
    """The names that both have, without those that name no place or count leap seconds."""
    both = frozenset(python) & frozenset(postgres)
    return frozenset(name for name in both - ODD - FIXED if not name.startswith(("posix/", "right/")))
