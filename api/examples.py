"""What parameters mean, and examples that the demo takes with the key that `make run` prints.

The ids are the demo's: its group's store with what stands in it, when it is shut and how much each booker may have of
it, the group's tokens, what it borrows, holds and is offered, and who asks for what it lends. Its chairs are booked at
most 180 days ahead, and the instants lie in May 2027: then they need new ones.
"""

from collections.abc import Mapping
from typing import Any

SITE = "019b8d63-64e0-7192-a02d-e017bcea04d7"
CHAIRS = "019b8d65-39a0-7463-9581-6ba907facf8d"
GAZEBOS = "019b8d65-39a0-714d-a8b9-8f756c886807"  # never booked by the demo, so that they can be archived
TIMETABLE = "019b8d64-4f40-779d-89bf-fe5f599aca08"
CLOSURE = "019b8d66-2400-71bb-83e8-dcaecf0476d5"
WEBSITE = "019b8d67-0e60-70bf-b99e-8c250d7c08c5"
BOOKING = "019b8d67-f8c0-7353-8820-9dc9b0825a78"
MOVED = "019b8d67-f8c0-7c72-9c73-6dcf07d9ac69"
HELD = "019b8d67-f8c0-73cb-81a0-9eaa10c1538f"
ASKED = "019b8d67-f8c0-7633-99fe-e57279060776"
ASKED_TOO = "019b8d67-f8c0-7b2a-a99a-3452bdf5eecb"
SKIPPED = "019b8d67-f8c0-7c75-862a-0cb4509ea25b"
BEGUN = "019b8d67-f8c0-78ac-b353-c5976ad726b7"
LENT = "019b8d67-f8c0-7b08-acb5-0a6e54c79bbc"
RECALLABLE = "019b8d67-f8c0-7e31-9e45-3de0ba143e98"
NEED = "019b8d68-e320-70ae-8a0c-85b883b17511"
WANTED = "019b8d68-e320-7f96-8289-d4b7388ccba8"
OFFER = "019b8d69-cd80-7519-8ed2-0d35339a432f"
OFFER_TOO = "019b8d69-cd80-78b9-89dd-cc04a8e4bb20"
OFFERED = "019b8d69-cd80-73ab-98e4-c87df2dba4f1"
PAST = "019b8d67-f8c0-7cc6-936e-0244a485b40e"
PAST_TOO = "019b8d67-f8c0-7418-9e01-17b0c351ae21"
MESSAGE = "019b8d6b-a240-7cf8-a6a9-9527000cec93"
MESSAGE_TOO = "019b8d6b-a240-765f-b38e-3f1d2903bba2"
FEEDBACK = "019b8d6c-8ca0-7420-9946-fc99e81137d0"
LIMIT = "019b8d6d-7700-7874-b9c8-609f1dfa9916"
WAITING = "019b8d6a-b7e0-7d33-80cf-cc98b27758c9"
THEIRS = "019b8d65-39a0-7589-ab07-7267c2e22253"
WEEK = {"starts_at": "2027-05-03T23:00:00Z", "ends_at": "2027-05-10T23:00:00Z"}
EVENINGS: Mapping[str, Any] = {
    "seasons": [{"starts_on": "2027-01-01", "hours": [{"day": "tue", "opens": "17:00", "closes": "22:00"}]}],
    "holidays": {"region": "GB-ENG", "then": "closed"},
}

TEXTS: Mapping[str, str] = {
    "asset_id": "The asset.",
    "at_least": "In how many of the weeks it must be free.",
    "attendees": "How many people come.",
    "booker_id": "The organisation that booked.",
    "booking_id": "The booking.",
    "category": "A code of `GET /v1/categories`.",
    "closure_id": "The closure.",
    "limit_id": "The limit.",
    "need_id": "The need.",
    "offer_id": "The offer.",
    "waiting_id": "The entry of a waiting list.",
    "message_id": "The message.",
    "feedback_id": "The feedback.",
    "on": "A UTC date.",
    "id_or_slug": "The organisation, by its id or its slug.",
    "kind": "Only of this kind.",
    "order": "By when they were made.",
    "owner_id": "The organisation that it belongs to.",
    "part_of": "Only the assets directly inside this one.",
    "site_id": "The site.",
    "state": "Only in one of these states.",
    "timetable_id": "The timetable.",
    "token_id": "The token, by its id.",
    "when": "A day or a week as each site's calendar has it, instead of `starts_at` and `ends_at`.",
}
PATHS: Mapping[str, str] = {
    "asset_id": CHAIRS,
    "booking_id": BOOKING,
    "closure_id": CLOSURE,
    "limit_id": LIMIT,
    "need_id": NEED,
    "offer_id": OFFER,
    "waiting_id": WAITING,
    "message_id": MESSAGE,
    "feedback_id": FEEDBACK,
    "on": "2026-12-31",
    "id_or_slug": "demo-blue-kettle-supper-club",
    "site_id": SITE,
    "timetable_id": TIMETABLE,
    "token_id": WEBSITE,
}
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "archiveAsset": {"asset_id": GAZEBOS},
    "confirmBooking": {"booking_id": HELD},
    "moveBooking": {"booking_id": MOVED},
    "retrySkipped": {"booking_id": SKIPPED},
    "approveBooking": {"booking_id": ASKED},
    "declineBooking": {"booking_id": ASKED_TOO},
    "recallBooking": {"booking_id": RECALLABLE},
    "eraseMessage": {"message_id": MESSAGE_TOO},
    "giveFeedback": {"booking_id": PAST},
    "eraseFeedback": {"booking_id": PAST_TOO},
    "checkIn": {"booking_id": BEGUN},
    "reportNoShow": {"booking_id": LENT},
    "declineOffer": {"offer_id": OFFER_TOO},
    "withdrawOffer": {"offer_id": OFFERED},
    "getAvailability": WEEK,
    "getIdle": WEEK,
    "listStarts": {**WEEK, "minutes": 120},
    "explainPeriod": {"starts_at": "2027-05-04T17:00:00Z", "ends_at": "2027-05-04T18:00:00Z"},
    "searchAssets": {"postcode": "M33"},
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "registerOrganisation": {"slug": "sale-repair-cafe", "name": "Sale Repair Café", "kind": "group"},
    "updateOrganisation": {"website": "https://blue-kettle.example"},
    "createToken": {"name": "Website", "role": "member"},
    "createSite": {"name": "Blue Kettle House", "address": {"town": "Sale", "postcode": "M33 7ZZ"}},
    "updateSite": {"name": "Blue Kettle store, round the back"},
    "createAsset": {
        "site_id": SITE,
        "kind": "space",
        "category": "kitchen",
        "title": "The kettle kitchen",
        "description": "Six hobs, two ovens and room for eight cooks.",
        "capacity": 8,
        "terms": {"shortest_minutes": 60, "price": {"amount": 1250, "currency": "GBP", "per": "hour"}},
    },
    "updateAsset": {"house_rules": "Wipe them before you bring them back."},
    "copyAsset": {"site_ids": [SITE]},
    "replaceHours": {**EVENINGS, "dry_run": True},
    "createTimetable": {"name": "Evenings", **EVENINGS},
    "replaceTimetable": {"name": "Evenings", **EVENINGS, "dry_run": True},
    "createClosure": {
        "asset_id": CHAIRS,
        "starts_at": "2027-05-05T23:00:00Z",
        "ends_at": "2027-05-06T23:00:00Z",
        "note": "They are being mended.",
    },
    "createLimit": {
        "name": "Weekends for all",
        "asset_id": CHAIRS,
        "counts": "minutes",
        "most": 6000,
        "every": "month",
        "prime_time": [
            {"day": "sat", "opens": "00:00", "closes": "24:00"},
            {"day": "sun", "opens": "00:00", "closes": "24:00"},
        ],
    },
    "updateLimit": {"most": 6000},
    "bookAsset": {
        "asset_id": CHAIRS,
        "periods": [{"starts_at": "2027-05-04T17:00:00Z", "ends_at": "2027-05-04T18:00:00Z"}],
        "attendees": 20,
    },
    "tryTimetable": {"asset_ids": [CHAIRS], **WEEK, **EVENINGS},
    "createNeed": {
        "category": "hall",
        "features": ["accessible_entrance"],
        "nice_to_have": ["heating"],
        "attendees": 30,
        "postcode": "M33",
        "pattern": {
            "starts_on": "2027-04-12",
            "weeks": 6,
            "windows": [{"day": "tue", "opens": "17:00", "closes": "21:00"}],
        },
        "minutes": 120,
        "at_least": 4,
        "price_ceiling": {"amount": 3000, "currency": "GBP"},
        "until": "2027-05-31T00:00:00Z",
        "purpose": {"code": "community_meal"},
    },
    "updateNeed": {"attendees": 35},
    "createOffer": {"asset_id": CHAIRS, "need_id": WANTED},
    "joinWaitingList": {
        "any_of": [{"asset_id": THEIRS, "starts_at": "2027-05-09T10:00:00Z", "ends_at": "2027-05-09T14:00:00Z"}],
        "units": 20,
    },
    "confirmBooking": {"dry_run": True},
    "moveBooking": {
        "all": True,
        "starts_at": "2027-05-12T11:00:00Z",
        "ends_at": "2027-05-12T14:00:00Z",
        "note": "The cook can only come on Wednesday.",
        "dry_run": True,
    },
    "retrySkipped": {"all": True, "if_some_unavailable": "skip", "dry_run": True},
    "approveBooking": {"all": True, "note": "Bring the plugs back, please."},
    "declineBooking": {"all": True, "note": "We need it ourselves that day."},
    "cancelBooking": {"all": True, "note": "The cook is ill."},
    "sendMessage": {"text": "Can we come a quarter of an hour early, to put them up?"},
    "giveFeedback": {"verdict": "well", "text": "All there, all whole."},
    "checkIn": {"all": True},
    "reportNoShow": {"all": True, "note": "Nobody has fetched them."},
    "recallBooking": {"all": True, "note": "We feed the crews of a flood that day."},
}
