"""fallow tokens: keys to the API, made by an operator."""

from datetime import datetime
from typing import Annotated

import typer
from uuid_utils.compat import uuid7

import db.events
import db.organisations
import db.tokens
from db.connection import Connection
from domain.callers import Role
from domain.errors import NotFound
from domain.tokens import TokenRequest, make
from fallow.home import change

app = typer.Typer(help="Make tokens.", no_args_is_help=True)


@app.callback()
def tokens() -> None:
    """Make tokens."""


@app.command()
def create(
    organisation: Annotated[str, typer.Option(help="Whose: its slug or id.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What it may do.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for.")] = "Made by the operator",
) -> None:
    """Make a token and print it, alone, on standard output. It cannot be shown again."""
    request = TokenRequest(name=name, role=role)
    typer.echo(change(lambda conn, now: issue(conn, organisation, request, now)))


async def issue(conn: Connection, id_or_slug: str, request: TokenRequest, now: datetime) -> str:
    """Store a token of an organisation: its secret. Raises NotFound."""
    organisation_id = await db.organisations.id_of(conn, id_or_slug)
    if organisation_id is None:
        raise NotFound(f"There is no organisation {id_or_slug}.")
    await db.organisations.lock(conn, organisation_id)
    secret = make()
    token = await db.tokens.insert(
        conn, token_id=uuid7(), organisation_id=organisation_id, request=request, secret=secret, now=now
    )
    await db.events.append(
        conn,
        type="token.created",
        object_kind="token",
        object_id=token.id,
        owner_id=organisation_id,
        version=1,
        before=None,
        after={"role": token.role, "expires_at": token.expires_at},
        caller=None,
        now=now,
        request_id=None,
    )
    return secret
