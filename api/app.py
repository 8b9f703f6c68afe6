"""The application, composed. A feature is one line here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router

import db.logs
import db.zones
from api import (
    answers,
    assets,
    attendance,
    availability,
    bodies,
    bookings,
    changes,
    claims,
    closures,
    copies,
    demand,
    deps,
    docs,
    events,
    explain,
    health,
    hours,
    idempotency,
    idle,
    limits,
    listing,
    logs,
    matches,
    messages,
    metrics,
    moves,
    needs,
    occurrences,
    offers,
    organisations,
    problems,
    queries,
    recalls,
    search,
    seeds,
    settings,
    sites,
    skipped,
    starts,
    taxonomy,
    timetables,
    tokens,
    trials,
    waiting,
)
from api.asked import Asked
from api.cors import Cors
from api.cursors import Cursors
from api.doors import Doors
from api.head import Head
from api.retries import Retries
from db.connection import Pool, pool

FEATURES = (
    organisations.router,
    idle.router,
    trials.router,
    tokens.router,
    events.router,
    sites.router,
    assets.router,
    listing.router,
    copies.router,
    hours.router,
    timetables.router,
    closures.router,
    limits.router,
    taxonomy.router,
    occurrences.router,
    bookings.router,
    moves.router,
    skipped.router,
    changes.router,
    recalls.router,
    attendance.router,
    messages.router,
    claims.router,
    needs.router,
    matches.router,
    matches.of_asset,
    offers.router,
    waiting.router,
    seeds.router,
    demand.router,
    search.router,
    availability.router,
    starts.router,
    explain.router,
)


def create_app(chosen: settings.Settings | None = None) -> Litestar:
    """A server's application; settings come from the environment unless given. Raises SetupFailed."""
    chosen = chosen or settings.read()
    app = Litestar(
        route_handlers=[
            Router("/v1", route_handlers=FEATURES),
            health.router,
            metrics.metrics,
            docs.router,
            docs.files,
        ],
        dependencies=deps.DEPENDENCIES,
        before_request=queries.before_request,
        after_response=deps.note_use,
        dto=bodies.Body,
        return_dto=None,
        request_class=Asked,
        response_class=answers.Answer,
        exception_handlers={**problems.HANDLERS, idempotency.Replayed: idempotency.replay},
        request_max_body_size=bodies.LARGEST,
        lifespan=[open_pools],
        logging_config=None,
        openapi_config=None,
    )
    deps.make_one_by_one(app)
    app.state.settings = chosen
    app.state.doors = Doors(max(1, chosen.pool_size // 3))
    app.state.clock = deps.wall_clock
    app.state.taken = queries.taken(app)
    app.asgi_handler = logs.RequestLog(Head(Cors(Retries(app.asgi_handler), chosen.cors_origins)))
    return app


@asynccontextmanager
async def open_pools(app: Litestar) -> AsyncIterator[None]:
    """Both pools while the application runs."""
    chosen: settings.Settings = app.state.settings
    db.logs.configure()
    async with (
        pool(chosen.database_url, size=chosen.pool_size) as writing,
        pool(chosen.database_read_url, read_only=True, size=chosen.pool_size) as reading,
    ):
        app.state.writing, app.state.reading = writing, reading
        app.state.zones = await db.zones.valid(reading)
        app.state.cursors = Cursors(chosen.secret or await made_at_first_start(reading))
        yield


async def made_at_first_start(reading: Pool) -> bytes:
    """The secret that the database made for itself."""
    secret: bytes = await reading.fetchval("SELECT secret FROM service")
    return secret
