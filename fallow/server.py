"""python -m fallow.server FD APP: one server process, on a socket that its supervisor bound.

uvicorn's own --fd keeps a second copy of the socket open: while running requests finish, new ones would wait
to be dropped instead of being refused.
"""

import socket
import sys

import uvicorn

from fallow.supervisor import PATIENCE

STARTUP_FAILED = 3
# Seconds that an idle connection stays open: longer than clients and proxies keep theirs (5 to 60), or now and then
# one of them sends a request into a connection that is just being closed.
KEEP_ALIVE = 75


def main(descriptor: int, app: str) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        app,
        factory=True,
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
        timeout_keep_alive=KEEP_ALIVE,
    )
    server = uvicorn.Server(config)
    with socket.socket(fileno=descriptor) as listener:
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(STARTUP_FAILED)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
