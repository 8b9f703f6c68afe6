"""Cursors: where a list goes on, with the filters it was asked with, signed with the service's secret."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from domain.errors import CursorInvalid, CursorMismatch, Fault

T = TypeVar("T")
SIGNATURE_LENGTH = 16


class Cursors:
    """Makes and reads cursors. The same secret on every process, or one does not know the other's."""

    def __init__(self, secret: bytes) -> None:
        self.secret = hashlib.sha256(b"fallow cursors" + secret).digest()

    def encode(self, operation: str, filters: Mapping[str, object], position: object) -> str:
        """A cursor for whoever asks `operation` again with the same filters; `position` a Struct or a tuple."""
        body = msgspec.msgpack.encode((operation, fingerprint(filters), position))
        return base64.urlsafe_b64encode(self.sign(body) + body).rstrip(b"=").decode()

    def decode(
        self, operation: str, filters: Mapping[str, object], cursor: str, kind: type[T], *, pointer: str = "?cursor"
    ) -> T:
        """The position in a cursor, as `kind`. Raises CursorInvalid, or CursorMismatch for other filters."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise self.invalid(pointer) from None
        signature, body = raw[:SIGNATURE_LENGTH], raw[SIGNATURE_LENGTH:]
        if not hmac.compare_digest(signature, self.sign(body)):
            raise self.invalid(pointer)
        made_for, its_filters, position = msgspec.msgpack.decode(body)
        if made_for != operation:
            raise self.invalid(pointer)
        if its_filters != fingerprint(filters):
            raise CursorMismatch([Fault(pointer, "Send the filters of the page that gave this cursor.")])
        return msgspec.convert(position, kind)

    def sign(self, body: bytes) -> bytes:
        """Half of an HMAC-SHA256."""
        return hmac.digest(self.secret, body, "sha256")[:SIGNATURE_LENGTH]

    @staticmethod
    def invalid(pointer: str) -> CursorInvalid:
        """For a cursor that is not ours."""
        return CursorInvalid([Fault(pointer, "This is no cursor of ours. Begin without one.")])


def fingerprint(filters: Mapping[str, object]) -> bytes:
    """The filters in brief."""
    plain: Any = msgspec.to_builtins(dict(filters))
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).digest()[:12]
