"""fallow organisations: what only an operator may do to an organisation."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from uuid_utils.compat import uuid7

import db.events
import db.organisations
from db import seating
from db.connection import Connection
from domain import organisations
from domain.callers import OrganisationKind, OrganisationState
from domain.errors import Invalid, NotFound, StateDoesNotAllow
from domain.organisations import OrganisationRequest
from domain.strict import convert
from fallow.home import change, say

app = typer.Typer(help="Make, verify, suspend and close organisations.", no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="Its slug or id.", show_default=False)]


@app.command()
def create(
    slug: Annotated[str, typer.Option(help="Its name in addresses.", show_default=False)],
    name: Annotated[str, typer.Option(help="Its name.", show_default=False)],
    kind: Annotated[OrganisationKind, typer.Option(help="What it is.", show_default=False)],
    description: Annotated[str | None, typer.Option(help="What it does.")] = None,
    website: Annotated[str | None, typer.Option(help="Its own address.")] = None,
) -> None:
    """Make an organisation, unverified and without a token. Prints its id."""
    sent = {"slug": slug, "name": name, "kind": kind, "description": description, "website": website}
    request = convert(sent, OrganisationRequest)
    typer.echo(change(lambda conn, now: register(conn, request, now)))


@app.command()
def verify(organisation: Slug) -> None:
    """Say that an organisation is who it says it is. Lifts a suspension too."""
    change(lambda conn, now: set_state(conn, organisation, "verified", now))


@app.command()
def unverify(organisation: Slug) -> None:
    """Take a verification back, so that an organisation can change its kind and identifiers. It keeps its bookings."""
    change(lambda conn, now: set_state(conn, organisation, "unverified", now))


@app.command()
def suspend(organisation: Slug) -> None:
    """Let an organisation change nothing until it is verified again."""
    change(lambda conn, now: set_state(conn, organisation, "suspended", now))


@app.command()
def close(organisation: Slug) -> None:
    """Close an organisation for good: its tokens end, its bookings stand."""
    change(lambda conn, now: set_state(conn, organisation, "closed", now))


async def register(conn: Connection, request: OrganisationRequest, now: datetime) -> UUID:
    """Store a new organisation: its id. Raises SlugTaken, Invalid."""
    if faults := list(organisations.faults(request)):
        raise Invalid(faults)
    made = await db.organisations.insert(conn, uuid7(), request, now)
    await note(conn, made.id, "organisation.registered", 1, None, {"kind": made.kind, "state": made.state}, now)
    return made.id


async def set_state(conn: Connection, id_or_slug: str, state: OrganisationState, now: datetime) -> None:
    """Change what an organisation is in; nothing happens where it already is. Raises NotFound, StateDoesNotAllow."""
    organisation_id = await db.organisations.id_of(conn, id_or_slug)
    if organisation_id is None:
        raise NotFound(f"There is no organisation {id_or_slug}.")
    await db.organisations.lock(conn, organisation_id)
    was: OrganisationState = (await db.organisations.reload(conn, organisation_id, now)).state
    if was == state:
        say(f"{id_or_slug} is {state} already.")
        return
    if was == "closed":
        raise StateDoesNotAllow(f"{id_or_slug} is closed for good.")
    version = await db.organisations.set_state(conn, organisation_id, state, now)
    await note(conn, organisation_id, f"organisation.{state}", version, {"state": was}, {"state": state}, now)
    await seating.finish(conn, now=now, request_id=None)
    say(f"{id_or_slug} is {state}.")


async def note(
    conn: Connection,
    organisation_id: UUID,
    what: str,
    version: int,
    before: dict[str, str] | None,
    after: dict[str, str],
    now: datetime,
) -> None:
    """Append the event of a change that an operator made."""
    await db.events.append(
        conn,
        type=what,
        object_kind="organisation",
        object_id=organisation_id,
        owner_id=organisation_id,
        version=version,
        before=before,
        after=after,
        caller=None,
        now=now,
        request_id=None,
    )
