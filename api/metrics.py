"""What Prometheus asks for: requests by operation and status, how long they took, the pools, bookings and refusals.

Server processes beside one another share a directory (PROMETHEUS_MULTIPROC_DIR), so that any of them answers for all.
"""

import os

from litestar import Response, get
from litestar.datastructures import State
from litestar.types import Scope
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, exposition, multiprocess

from db.connection import Pool

SHARED = "PROMETHEUS_MULTIPROC_DIR"
UNKNOWN = "none"  # an address that is no operation

requests = Counter("fallow_requests", "Requests answered.", ["operation", "status"])
seconds = Histogram(
    "fallow_request_seconds",
    "How long requests took.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
bookings = Counter("fallow_bookings", "Bookings made.")
refusals = Counter("fallow_refusals", "Reasons for which periods were refused in bookings.", ["code"])
connections = Gauge("fallow_pool_connections", "Database connections.", ["pool", "state"], multiprocess_mode="livesum")


def count(scope: Scope, status: int, took: float) -> None:
    """Note one request that was answered, in seconds. state["told"]: what its answer was about, said by who made it."""
    told = scope["state"]["told"]
    operation = getattr(scope.get("route_handler"), "operation_id", None) or UNKNOWN
    requests.labels(operation, status).inc()
    seconds.labels(operation).observe(took)
    if operation == "bookAsset" and status == 201 and not told.get("replayed"):
        bookings.inc()
    for code in told.get("refused_for", ()):
        refusals.labels(code).inc()


def watch(name: str, pool: Pool) -> None:
    """Note how a pool is used at this moment."""
    idle = pool.get_idle_size()
    connections.labels(name, "idle").set(idle)
    connections.labels(name, "busy").set(pool.get_size() - idle)


@get("/metrics", sync_to_thread=False)
def metrics(state: State) -> Response[bytes]:
    """Everything counted since the start, in Prometheus's text format."""
    watch("writing", state.writing)
    watch("reading", state.reading)
    registry = CollectorRegistry()
    if os.environ.get(SHARED):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # it has no types
    else:
        for each in (requests, seconds, bookings, refusals, connections):
            registry.register(each)
    return Response(exposition.generate_latest(registry), media_type=exposition.CONTENT_TYPE_LATEST)
