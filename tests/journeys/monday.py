"""The application on the Monday of the tests, for a server process: the clock goes on from there."""

import time
from datetime import UTC, datetime, timedelta

from litestar import Litestar

from api import app

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def create_app() -> Litestar:
    """As api.app makes it, at another time."""
    application = app.create_app()
    began = time.monotonic()
    application.state.clock = lambda: NOW + timedelta(seconds=time.monotonic() - began)
    return application
