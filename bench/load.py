"""Clients that keep connections open and ask as fast as they are answered, in one thread and with little work of
their own: a client that costs as much as the server would measure itself.
"""

import re
import selectors
import socket
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from time import perf_counter
from typing import NamedTuple

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Answer(NamedTuple):
    """When it was there, in seconds since all was warm, how long it took, in seconds, and the status."""

    at: float
    took: float
    status: int


class Client:
    """One connection, one request at a time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.begun = 0.0

    def send(self, request: bytes) -> None:
        """Ask."""
        self.got = b""
        self.begun = perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Take what has come: the status once the answer is whole."""
        self.got += self.socket.recv(1 << 18)
        head = self.got.find(b"\r\n\r\n")
        if head < 0 or len(self.got) < head + 4 + int(LENGTH.findall(self.got, 0, head + 2)[0]):
            return None
        return int(self.got[9:12])


def answers(clients: Sequence[Client], requests: Iterator[bytes], since: float, until: float) -> Iterator[Answer]:
    """Every client busy until then, or until nothing is left to ask."""
    with selectors.DefaultSelector() as selector:
        for client, request in zip(clients, requests, strict=False):
            client.send(request)
            selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select():
                client = key.data
                if (status := client.status()) is None:
                    continue
                now = perf_counter()
                yield Answer(now - since, now - client.begun, status)
                request = next(requests, None) if now < until else None
                if request is None:
                    selector.unregister(client.socket)
                else:
                    client.send(request)


def drive(
    address: tuple[str, int], requests: Iterable[bytes], *, clients: int, warm: float, seconds: float, again: bool
) -> list[Answer]:
    """So many seconds of requests, some more before; `again` from the first when all were sent."""
    many = [Client(address) for _ in range(clients)]
    since = perf_counter() + warm
    return list(answers(many, cycle(requests) if again else iter(requests), since, since + seconds))


def contest(address: tuple[str, int], requests: Sequence[bytes], *, clients: int) -> list[list[Answer]]:
    """Each request sent by every client at once; the next when all have their answers."""
    many = [Client(address) for _ in range(clients)]
    return [list(answers(many, iter([each] * clients), perf_counter(), 0)) for each in requests]
