"""Finds a hall, books it, reads the last page of bookings and gives it back, with a client made from the contract."""

import json
import os
from datetime import datetime

from fallow_client import AuthenticatedClient
from fallow_client.api.bookings import book_asset, cancel_booking, list_bookings
from fallow_client.api.search import search_assets
from fallow_client.models import Booking, BookingPage, BookingRequest, Cancellation, ListBookingsOrder, SearchAnswer
from fallow_client.types import UNSET

client = AuthenticatedClient(base_url=os.environ["FALLOW_URL"], token=os.environ["FALLOW_TOKEN"])
starts_at, ends_at = (datetime.fromisoformat(os.environ[name]) for name in ("STARTS_AT", "ENDS_AT"))

found = search_assets.sync(
    client=client, postcode="M33", category="hall", starts_at=starts_at, ends_at=ends_at, within_m=20_000
)
assert isinstance(found, SearchAnswer), found
match = found.items[0]
assert match.book, "nothing is free"

booking = book_asset.sync(client=client, body=BookingRequest.from_dict(match.book.to_dict()))
assert isinstance(booking, Booking), booking

cursor = None
while True:
    page = list_bookings.sync(client=client, order=ListBookingsOrder.OLDEST, limit=2, cursor=cursor or UNSET)
    assert isinstance(page, BookingPage), page
    cursor = page.next_
    if cursor is None:
        break

ended = cancel_booking.sync(booking.id, client=client, body=Cancellation(all_=True, note="From Python"))
assert isinstance(ended, Booking), ended
done = {"asset": match.asset.id, "booking": booking.id, "last": page.items[-1].id, "state": ended.state}
print(json.dumps(done, default=str))
