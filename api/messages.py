"""What owner and booker write to each other about a booking, and how each found it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from uuid_utils.compat import uuid7

import db.bookings
import db.events
import db.messages
from api.answers import AnyRequest, must_match
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from db.events import Change
from domain import errors, messages, permissions
from domain.bookings import Stored
from domain.callers import Caller
from domain.errors import NotFound, StateDoesNotAllow
from domain.events import ObjectKind
from domain.messages import Feedback, FeedbackPage, FeedbackRequest, Message, MessagePage, MessageRequest

ONLY_ITS_WRITER = "Only the organisation that wrote it can erase it."


@post("/messages", operation_id="sendMessage", responses=problems(NotFound))
async def send(
    booking_id: FromPath[UUID],
    data: JSONBody[MessageRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Message:
    """Write to the other side of a booking: to its booker as its owner, to its owner as its booker."""
    booking = await load(conn, "sendMessage", booking_id, caller, now)
    sent = await db.messages.insert(conn, uuid7(), booking.owner_id, booking.id, caller.organisation_id, data.text, now)
    await record(conn, "message.sent", "message", {sent.id: 1}, booking, caller, now, request_id)
    return sent


@get(
    "/messages", operation_id="listMessages", responses=problems(NotFound, errors.CursorInvalid, errors.CursorMismatch)
)
async def list_(
    booking_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> MessagePage:
    """What owner and booker wrote about a booking, newest first. Reading it here marks nothing as read."""
    booking = await load(conn, "listMessages", booking_id, caller, now)
    pages = Pages(cursors, "listMessages", cursor, limit, booking=booking_id)
    rows = await db.messages.page(conn, booking.owner_id, booking.id, after=pages.position(UUID), limit=limit + 1)
    return pages.page(MessagePage, rows, lambda message: message.id)


@post(
    "/messages/{message_id:uuid}/read",
    operation_id="markMessageRead",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def mark_read(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    message_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Message:
    """Say that a message of the other side was read, and with it all before it, 1,000 at once."""
    booking = await load(conn, "markMessageRead", booking_id, caller, now)
    message = await lock(request, conn, booking, message_id)
    if message.sender_id == caller.organisation_id:
        raise StateDoesNotAllow("It is your own organisation's; the other side says that it was read.")
    read = await db.messages.mark_read(conn, booking.owner_id, booking.id, message_id, caller.organisation_id, now)
    await record(conn, "message.read", "message", read, booking, caller, now, request_id)
    became = await db.messages.lock(conn, booking.owner_id, booking.id, message_id)
    assert became is not None  # noqa: S101 - it is locked
    return became


@delete(
    "/messages/{message_id:uuid}",
    operation_id="eraseMessage",
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def erase(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    message_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> None:
    """Erase what a message of one's own says: that there was one stays."""
    booking = await load(conn, "eraseMessage", booking_id, caller, now)
    message = await lock(request, conn, booking, message_id)
    if message.sender_id != caller.organisation_id:
        raise StateDoesNotAllow(ONLY_ITS_WRITER)
    if message.text is None:
        raise NotFound
    version = await db.messages.erase(conn, booking.owner_id, message_id, now)
    await record(conn, "message.erased", "message", {message_id: version}, booking, caller, now, request_id)


@post("/feedback", operation_id="giveFeedback", responses=problems(NotFound, StateDoesNotAllow))
async def give(
    booking_id: FromPath[UUID],
    data: JSONBody[FeedbackRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Feedback:
    """Tell the other side how an occurrence went, once it has begun. Each side says so once, and can take it back."""
    booking = await load(conn, "giveFeedback", booking_id, caller, now)
    occurrence = messages.begun(booking, data.occurrence_id, now)
    given = await db.messages.give(
        conn,
        uuid7(),
        booking.owner_id,
        booking.id,
        occurrence.id,
        caller.organisation_id,
        verdict=data.verdict,
        text=data.text,
        now=now,
    )
    if given is None:
        raise StateDoesNotAllow("Your organisation has said how it went; take that back first.")
    told = {"occurrence_id": occurrence.id, "verdict": data.verdict}
    await record(conn, "feedback.given", "feedback", {given.id: 1}, booking, caller, now, request_id, told)
    return given


@get(
    "/feedback", operation_id="listFeedback", responses=problems(NotFound, errors.CursorInvalid, errors.CursorMismatch)
)
async def list_feedback(
    booking_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> FeedbackPage:
    """How owner and booker found the occurrences of a booking, what was said last first."""
    booking = await load(conn, "listFeedback", booking_id, caller, now)
    pages = Pages(cursors, "listFeedback", cursor, limit, booking=booking_id)
    rows = await db.messages.feedback(conn, booking.owner_id, booking.id, after=pages.position(UUID), limit=limit + 1)
    return pages.page(FeedbackPage, rows, lambda feedback: feedback.id)


@delete(
    "/feedback/{feedback_id:uuid}",
    operation_id="eraseFeedback",
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def take_back(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    feedback_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> None:
    """Take back what one's organisation said of an occurrence."""
    booking = await load(conn, "eraseFeedback", booking_id, caller, now)
    found = await db.messages.lock_feedback(conn, booking.owner_id, booking.id, feedback_id)
    if found is None:
        raise NotFound
    must_match(request, found)
    if found.giver_id != caller.organisation_id:
        raise StateDoesNotAllow(ONLY_ITS_WRITER)
    await db.messages.take_back(conn, booking.owner_id, feedback_id)
    await record(conn, "feedback.erased", "feedback", {feedback_id: 2}, booking, caller, now, request_id)


async def load(conn: Connection, operation: str, booking_id: UUID, caller: Caller, now: datetime) -> Stored:
    """The booking that is written about. Raises NotFound, Forbidden."""
    booking = await db.bookings.load(conn, booking_id, caller.organisation_id, now)
    if booking is None:
        raise NotFound
    permissions.require(operation, caller, owner_id=booking.owner_id, booker_id=booking.booker_id)
    return booking


async def lock(request: AnyRequest, conn: Connection, booking: Stored, message_id: UUID) -> Message:
    """A message about a booking, locked. Raises NotFound, PreconditionFailed."""
    message = await db.messages.lock(conn, booking.owner_id, booking.id, message_id)
    if message is None:
        raise NotFound
    must_match(request, message)
    return message


async def record(
    conn: Connection,
    type: str,  # noqa: A002 - as events call it
    kind: ObjectKind,
    versions: Mapping[UUID, int],
    booking: Stored,
    caller: Caller,
    now: datetime,
    request_id: str,
    told: Mapping[str, object] | None = None,
) -> None:
    """That something was written, erased or read, never what: of each the version that it now has."""
    changes = [
        Change(
            type=type,
            object_kind=kind,
            object_id=object_id,
            owner_id=booking.owner_id,
            booker_id=booking.booker_id,
            version=version,
            before=None,
            after={"booking_id": booking.id, **(told or {})},
            caller=caller,
            now=now,
            request_id=request_id,
        )
        for object_id, version in sorted(versions.items())
    ]
    if changes:
        await db.events.append_all(conn, changes)


router = Router(
    "/bookings/{booking_id:uuid}",
    route_handlers=[send, list_, mark_read, erase, give, list_feedback, take_back],
    tags=["messages"],
)
