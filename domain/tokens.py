"""Bearer tokens: `fallow_`, 32 random letters and digits, and six that show a slip of the pen."""

import hashlib
import secrets
import string
import zlib
from uuid import UUID

import msgspec

from domain.callers import Role
from domain.types import Instant, LocalDate, ShortText

PREFIX = "fallow_"
ALPHABET = string.digits + string.ascii_letters
LENGTH, CHECKSUM_LENGTH = 32, 6


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token to make, for the caller's organisation."""

    name: ShortText
    role: Role
    expires_at: Instant | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A key to the API. `token` is the key itself, and only in the first answer; null after."""

    id: UUID
    name: str
    role: Role
    expires_at: Instant | None
    last_used_on: LocalDate | None
    token: str | None
    created_at: Instant
    updated_at: Instant


class TokenPage(msgspec.Struct, frozen=True):
    """Tokens that are not revoked, and the cursor to the next."""

    items: list[Token]
    next: str | None


def make() -> str:
    """A new secret."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{PREFIX}{body}{checksum(body)}"


def checksum(body: str) -> str:
    """CRC-32 in base 62, as in GitHub's tokens: a scanner can tell a token from what only looks like one."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(token: str) -> bool:
    """Whether it can be a token at all; no need to ask the database about others."""
    body = token.removeprefix(PREFIX)
    return (
        token.startswith(PREFIX)
        and len(body) == LENGTH + CHECKSUM_LENGTH
        and secrets.compare_digest(body[LENGTH:].encode(), checksum(body[:LENGTH]).encode())
    )


def digest(token: str) -> bytes:
    """What is stored of a token: SHA-256. It has 190 bits of its own, so no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()
