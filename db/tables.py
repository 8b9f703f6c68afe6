"""The schema, declared once. Alembic migrates from it, and a test compares it with what the migrations make.

Keys: UUIDv7 from the application, `(id, owner_id)`; `owner_id` stands in every unique, foreign and exclusion
constraint among tables that grow with use, so that one owner's data can live together.
"""

from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    BYTEA,
    DATERANGE,
    INT4MULTIRANGE,
    JSONB,
    TIMESTAMP,
    TSTZRANGE,
    UUID,
    ExcludeConstraint,
)
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which SQLAlchemy has no type for."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in DDL."""
        return "xid8"


INSTANT = TIMESTAMP(timezone=True)
POINT = Geography("POINT", srid=4326, spatial_index=False)


def required(name: str, kind: Any, **options: Any) -> Column[Any]:
    """A column that is never null."""
    return Column(name, kind, nullable=False, **options)


def written() -> list[Column[Any]]:
    """When a row was made and last changed, and how many changes it has seen (`object.version` of events)."""
    return [
        required("created_at", INSTANT),
        required("updated_at", INSTANT),
        required("version", Integer, server_default="1"),
    ]


organisations = Table(
    "organisations",
    metadata,
    required("id", UUID, primary_key=True),
    required("slug", Text),
    required("name", Text),
    required("kind", Text),
    required("state", Text, server_default="unverified"),
    Column("description", Text),
    Column("website", Text),
    Column("contact", JSONB, comment="private"),
    *written(),
    UniqueConstraint("slug"),
    CheckConstraint("state IN ('unverified', 'verified', 'suspended', 'closed')", name="state"),
)

identifiers = Table(
    "identifiers",
    metadata,
    required("organisation_id", UUID),
    required("scheme", Text),
    required("value", Text),
    PrimaryKeyConstraint("scheme", "value"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    Index(None, "organisation_id"),
)

holdings = Table(
    "holdings",
    metadata,
    required("organisation_id", UUID),
    required("requirement", Text),
    Column("expires_on", Date, comment="the last day on which it counts"),
    Column("reference", Text),
    PrimaryKeyConstraint("organisation_id", "requirement"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    comment="Papers and trainings that an organisation holds; private",
)

tokens = Table(
    "tokens",
    metadata,
    required("id", UUID, primary_key=True),
    required("organisation_id", UUID),
    required("name", Text),
    required("role", Text),
    required("hash", LargeBinary, comment="SHA-256 of the whole token"),
    Column("expires_at", INSTANT),
    Column("revoked_at", INSTANT),
    Column("last_used_on", Date),
    *written(),
    UniqueConstraint("hash"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    CheckConstraint("role IN ('admin', 'manager', 'member')", name="role"),
    Index(None, "organisation_id", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    required("caller_id", UUID),
    required("method", Text),
    required("path", Text),
    required("key", Text),
    required("body_hash", BYTEA),
    required("status", Integer),
    required("headers", JSONB),
    required("body", BYTEA),
    Column("object_id", UUID, comment="what it made or changed; erased with it"),
    required("created_at", INSTANT),
    PrimaryKeyConstraint("caller_id", "method", "path", "key"),
    Index(None, "created_at"),
    Index(None, "object_id"),
)

sites = Table(
    "sites",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("name", Text),
    required("address", JSONB, comment="{street, town, postcode}"),
    required("location", POINT),
    required("shown", POINT, comment="what others see and search measures to: about 1 km off where private"),
    required("precision", Text),
    required("timezone", Text),
    required("private", Boolean, server_default="false"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    CheckConstraint("precision IN ('point', 'district')", name="precision"),
    Index(None, "owner_id", "id"),
)

timetables = Table(
    "timetables",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    Column("name", Text, comment="null: one asset's own hours"),
    required(
        "hours",
        JSONB,
        comment="the Hours as sent; the columns below and seasons, exceptions are made from it",
    ),
    Column("applies_to", Text, comment="null: each asset by its kind"),
    required("always", Boolean),
    Column("holidays_region", Text),
    Column("holidays_hours", INT4MULTIRANGE, comment="minutes on a public holiday; null: open as usual"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    CheckConstraint("applies_to IN ('whole_period', 'start_and_end')", name="applies_to"),
    Index(None, "owner_id", "id"),
)

seasons = Table(
    "seasons",
    metadata,
    required("timetable_id", UUID),
    required("owner_id", UUID),
    required("dates", DATERANGE),
    required("cycle_weeks", Integer),
    required("days", ARRAY(INT4MULTIRANGE), comment="one per day of the cycle, minutes from that midnight"),
    ExcludeConstraint(
        ("owner_id", "="), ("timetable_id", "="), ("dates", "&&"), using="gist", name="seasons_overlap_excl"
    ),
    ForeignKeyConstraint(["timetable_id", "owner_id"], ["timetables.id", "timetables.owner_id"], ondelete="CASCADE"),
    CheckConstraint("cycle_weeks >= 1 AND cardinality(days) = 7 * cycle_weeks", name="cycle"),
    Index(None, "owner_id", "timetable_id"),
)

exceptions = Table(
    "exceptions",
    metadata,
    required("timetable_id", UUID),
    required("owner_id", UUID),
    required("on_date", Date),
    required("hours", INT4MULTIRANGE),
    PrimaryKeyConstraint("timetable_id", "on_date", "owner_id"),
    ForeignKeyConstraint(["timetable_id", "owner_id"], ["timetables.id", "timetables.owner_id"], ondelete="CASCADE"),
)

public_holidays = Table(
    "public_holidays",
    metadata,
    required("region", Text),
    required("on_date", Date),
    required("name", Text),
    PrimaryKeyConstraint("region", "on_date"),
    comment="From the holidays package, filled by fallow migrate",
)

assets = Table(
    "assets",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("site_id", UUID),
    required("kind", Text),
    required("category", Text),
    required("title", Text),
    Column("description", Text),
    required("features", ARRAY(Text), server_default="{}"),
    Column("capacity", Integer, comment="people, per unit"),
    required("units", Integer, server_default="1"),
    Column("part_of", UUID),
    Column(
        "whole_units",
        Integer,
        Computed("CASE WHEN part_of IS NOT NULL THEN 1 END", persisted=True),
        comment="what makes a whole have exactly one unit: see the foreign key",
    ),
    required("state", Text, server_default="draft"),
    required("details", JSONB),
    required("photos", JSONB, server_default="[]"),
    Column("house_rules", Text),
    Column("accessibility", Text),
    required("documents", JSONB, server_default="[]"),
    Column("arrival", JSONB, comment="private"),
    Column("timetable_id", UUID, comment="its own hours or shared ones: timetables.name tells"),
    required("location", POINT, comment="the site's shown point"),
    required("timezone", Text, comment="the site's"),
    required("approval", Boolean, server_default="false"),
    required("hold_minutes", Integer, server_default="15"),
    required("shortest_minutes", Integer, server_default="30"),
    Column("longest_minutes", Integer),
    required("step_minutes", Integer, server_default="15"),
    required("notice_minutes", Integer, server_default="0"),
    required("horizon_days", Integer, server_default="365"),
    required("turnaround_before_minutes", Integer, server_default="0"),
    required("turnaround_after_minutes", Integer, server_default="0"),
    Column("price", JSONB, comment="{amount, currency, per}"),
    Column("community_price", JSONB),
    required("requires", ARRAY(Text), server_default="{}"),
    required("cancel_notice_minutes", Integer, server_default="0"),
    required("approval_hours", Integer, server_default="72"),
    required("on_deadline", Text, server_default="decline"),
    required("offer_minutes", Integer, server_default="720"),
    Column("check_in_grace_minutes", Integer),
    required("recallable", Boolean, server_default="false"),
    Column("min_attendees", Integer),
    *written(),
    Column("allowance", JSONB, comment="{minutes, every}: what all bookers together may have of all its units"),
    PrimaryKeyConstraint("id", "owner_id"),
    UniqueConstraint("owner_id", "id", "units"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    ForeignKeyConstraint(["site_id", "owner_id"], ["sites.id", "sites.owner_id"]),
    ForeignKeyConstraint(["timetable_id", "owner_id"], ["timetables.id", "timetables.owner_id"]),
    ForeignKeyConstraint(["owner_id", "part_of", "whole_units"], ["assets.owner_id", "assets.id", "assets.units"]),
    CheckConstraint("state IN ('draft', 'listed', 'paused', 'archived')", name="state"),
    CheckConstraint("units >= 1", name="units"),
    CheckConstraint("1440 % step_minutes = 0", name="step"),
    Index(
        "assets_category_location_idx",
        "category",
        "location",
        postgresql_using="gist",
        postgresql_where=text("state IN ('listed', 'paused')"),
    ),
    Index(
        "assets_location_idx",
        "location",
        postgresql_using="gist",
        postgresql_where=text("state IN ('listed', 'paused')"),
    ),
    Index(None, "owner_id", "id"),
    Index(None, "site_id"),
    Index(None, "owner_id", "timetable_id"),
    Index(None, "owner_id", "part_of"),
)

parts = Table(
    "parts",
    metadata,
    required("owner_id", UUID),
    required("whole_id", UUID),
    required("part_id", UUID),
    PrimaryKeyConstraint("owner_id", "whole_id", "part_id"),
    ForeignKeyConstraint(["whole_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(["part_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    Index(None, "owner_id", "part_id"),
    comment="Every asset inside every other, to any depth, itself included",
)

closures = Table(
    "closures",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    Column("asset_id", UUID),
    Column("site_id", UUID),
    required("during", TSTZRANGE),
    Column("note", Text),
    required("source", Text, server_default="manual"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(["site_id", "owner_id"], ["sites.id", "sites.owner_id"]),
    CheckConstraint("num_nonnulls(asset_id, site_id) = 1", name="one_place"),
    CheckConstraint("NOT isempty(during)", name="during"),
    Index("closures_asset_idx", "owner_id", "asset_id", "during", postgresql_using="gist"),
    Index("closures_site_idx", "owner_id", "site_id", "during", postgresql_using="gist"),
    Index(None, "owner_id", "id"),
)

needs = Table(
    "needs",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("request", JSONB, comment="as sent; purpose.text and who_benefits are private"),
    Column("category", Text),
    Column("kind", Text),
    required("features", ARRAY(Text)),
    required("nice_to_have", ARRAY(Text)),
    Column("attendees", Integer),
    required("units", Integer),
    required("location", POINT, comment="private"),
    required("shown", POINT, comment="what others see and are matched by: about 1 km off"),
    required("precision", Text),
    required("within_m", Integer),
    required("comes_to_us", Boolean),
    required(
        "reach", Geography("GEOMETRY", srid=4326, spatial_index=False), comment="contains what may be near enough"
    ),
    required("periods", ARRAY(TSTZRANGE)),
    Column("starts_on", Date),
    required("weeks", Integer),
    required("every_weeks", Integer),
    required("openings", INT4MULTIRANGE, comment="of one week, in minutes from the midnight of its first date"),
    Column("minutes", Integer, comment="null: each window as long as it is"),
    required("at_least", Integer),
    Column("most_amount", Integer),
    Column("most_currency", Text),
    required("stands_until", INSTANT),
    Column("closed_at", INSTANT),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    CheckConstraint("num_nonnulls(category, kind) = 1", name="what"),
    CheckConstraint("(cardinality(periods) > 0) <> (starts_on IS NOT NULL)", name="when"),
    Index(None, "owner_id", "id"),
    Index(None, "reach", postgresql_using="gist"),
    comment="What an organisation looks for: the request, and what matching reads of it",
)

need_matches = Table(
    "need_matches",
    metadata,
    required("need_id", UUID),
    required("owner_id", UUID),
    required("asset_id", UUID),
    required("found_at", INSTANT),
    PrimaryKeyConstraint("need_id", "asset_id", "owner_id"),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    Index(None, "owner_id", "asset_id"),
    comment="The assets that a need was found to match, each once",
)

demand = Table(
    "demand",
    metadata,
    required("taken_on", Date),
    required("cell", Text),
    required("center", POINT),
    required("category", Text),
    required("hour_of_week", Integer),
    required("groups", Integer),
    required("needs", Integer),
    PrimaryKeyConstraint("taken_on", "cell", "category", "hour_of_week"),
    CheckConstraint("groups >= 3", name="groups"),
    comment="Open needs by cell, category and hour of the local week, of three groups or more",
)

bookings = Table(
    "bookings",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    Column("booker_id", UUID, comment="null while it is offered"),
    required("asset_id", UUID),
    required("reference", Text),
    required("units", Integer),
    Column("attendees", Integer),
    Column("purpose", JSONB, comment="{code, text}; the text is private"),
    required("open_to_public", Boolean),
    Column("notes", Text, comment="private"),
    Column("on_behalf_of", JSONB, comment="private"),
    required("cost", JSONB, comment="{amount, currency, lines}, fixed when made"),
    required("clock_changes", JSONB),
    *written(),
    required("recallable", Boolean, server_default="false", comment="as the terms were when it was made"),
    Column("need_id", UUID, comment="of the booker"),
    required("cancel_notice_minutes", Integer, server_default="0", comment="as the terms were when it was made"),
    PrimaryKeyConstraint("id", "owner_id"),
    UniqueConstraint("owner_id", "reference"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    ForeignKeyConstraint(["booker_id"], ["organisations.id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    Index("bookings_booker_idx", "booker_id", text("id DESC")),
    Index("bookings_owner_idx", "owner_id", text("id DESC")),
    Index("bookings_asset_idx", "owner_id", "asset_id", text("id DESC")),
    Index("bookings_need_idx", "need_id", postgresql_where=text("need_id IS NOT NULL")),
)

accounts = Table(
    "accounts",
    metadata,
    required("owner_id", UUID),
    required("booker_id", UUID),
    Column("counted_at", INSTANT),
    PrimaryKeyConstraint("owner_id", "booker_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    ForeignKeyConstraint(["booker_id"], ["organisations.id"]),
    comment="Locked where something is counted of a booker with an owner",
)

occurrences = Table(
    "occurrences",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booking_id", UUID),
    Column("booker_id", UUID, comment="null while it is offered"),
    required("asset_id", UUID),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    required("units", Integer),
    required("state", Text),
    Column("held_until", INSTANT, comment="held or pending: from then on expired or lapsed, swept or not"),
    required("why_not", JSONB, server_default="[]"),
    Column("note", Text, comment="private"),
    required("cancelled_late", Boolean, server_default="false"),
    required("sequence", Integer, server_default="0"),
    Column("approved_from", INSTANT, comment="pending: from then on confirmed, swept or not"),
    Column("check_in_by", INSTANT, comment="confirmed, or to be: from then on no_show, swept or not"),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    CheckConstraint("starts_at < ends_at", name="period"),
    CheckConstraint("check_in_by <= ends_at AND (state <> 'pending' OR approved_from <= check_in_by)", name="check_in"),
    CheckConstraint(
        "state IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'expired', 'declined', 'lapsed',"
        " 'cancelled', 'recalled', 'no_show', 'skipped')",
        name="state",
    ),
    Index(None, "owner_id", "booking_id"),
    Index(None, "booker_id", "booking_id"),
    Index(None, "owner_id", "starts_at", "id"),
    Index(None, "booker_id", "starts_at", "id"),
    Index(None, "owner_id", "asset_id", "starts_at"),
    Index(
        "occurrences_held_idx",
        "owner_id",
        "booker_id",
        "held_until",
        postgresql_where=text("state IN ('held', 'expired')"),
    ),
    Index("occurrences_owner_pending_idx", "owner_id", "booking_id", postgresql_where=text("state = 'pending'")),
    Index("occurrences_booker_pending_idx", "booker_id", "booking_id", postgresql_where=text("state = 'pending'")),
    Index(
        "occurrences_counted_idx",
        "owner_id",
        "booker_id",
        "ends_at",
        postgresql_where=text(
            "state IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show')"
            " OR state = 'cancelled' AND cancelled_late"
        ),
    ),
    Index(
        "occurrences_check_in_idx",
        "check_in_by",
        postgresql_where=text("state = 'confirmed' AND check_in_by IS NOT NULL"),
    ),
    Index("occurrences_standing_idx", "ends_at", postgresql_where=text("state IN ('confirmed', 'checked_in')")),
)

limits = Table(
    "limits",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    Column("name", Text),
    Column("asset_id", UUID, comment="of what is counted; with category null, too: of all the owner's"),
    Column("category", Text),
    required("booker_kinds", ARRAY(Text), comment="none: of every kind"),
    required("counts", Text),
    required("most", Integer),
    Column("every", Text, comment="minutes: by the week or month of each site's clock, or within the season"),
    Column("starts_on", Date),
    Column("ends_on", Date, comment="included"),
    Column("prime_time", JSONB, comment="as sent"),
    Column("openings", INT4MULTIRANGE, comment="the same, in minutes from the midnight of Monday"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["owner_id"], ["organisations.id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    CheckConstraint("asset_id IS NULL OR category IS NULL", name="of"),
    CheckConstraint("most >= 0", name="most"),
    CheckConstraint("(prime_time IS NULL) = (openings IS NULL)", name="prime_time"),
    CheckConstraint(
        "CASE WHEN counts = 'minutes' THEN (every IS NULL) <> (starts_on IS NULL)"
        " AND (starts_on IS NULL) = (ends_on IS NULL) AND (every IS NULL OR every IN ('week', 'month'))"
        " ELSE counts IN ('open_bookings', 'days_ahead') AND num_nonnulls(every, starts_on, ends_on, openings) = 0 END",
        name="counts",
    ),
    Index(None, "owner_id", "id"),
    comment="How much of an owner's assets each booker may have",
)

waitings = Table(
    "waitings",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booker_id", UUID),
    Column("booking_id", UUID, comment="whose skipped occurrences are waited for, all of them; null: any place"),
    required("units", Integer),
    Column("attendees", Integer),
    Column("purpose", JSONB, comment="{code, text}; the text is private"),
    Column("left_at", INSTANT),
    Column("met_at", INSTANT),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["booker_id"], ["organisations.id"]),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    Index(None, "owner_id", "id"),
    Index(None, "booker_id", "id"),
    comment="Entries of waiting lists",
)

waiting_places = Table(
    "waiting_places",
    metadata,
    required("waiting_id", UUID),
    required("owner_id", UUID),
    required("number", Integer),
    required("booker_id", UUID),
    required("asset_id", UUID),
    Column("occurrence_id", UUID),
    required("period", TSTZRANGE),
    required("met", Boolean, server_default="false"),
    required("ended", Boolean, server_default="false", comment="not waited for any more"),
    PrimaryKeyConstraint("waiting_id", "owner_id", "number"),
    ForeignKeyConstraint(["waiting_id", "owner_id"], ["waitings.id", "waitings.owner_id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(["occurrence_id", "owner_id"], ["occurrences.id", "occurrences.owner_id"]),
    ExcludeConstraint(
        ("owner_id", "="),
        ("asset_id", "="),
        ("booker_id", "="),
        ("period", "&&"),
        ("waiting_id", "<>"),
        using="gist",
        where=text("NOT ended"),
        name="waiting_places_once_excl",
    ),
    comment="The places that an entry waits for",
)

offers = Table(
    "offers",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booker_id", UUID),
    required("asset_id", UUID),
    Column("need_id", UUID),
    required("booking_id", UUID, comment="nobody's, which holds the place, until it is the group's"),
    required("units", Integer),
    Column("attendees", Integer),
    required("occurrences", JSONB, comment="[{number, starts_at, ends_at}]"),
    required("cost", JSONB, comment="{amount, currency, lines}, fixed when offered"),
    required("state", Text, server_default="offered"),
    required("expires_at", INSTANT, comment="from then on lapsed, swept or not"),
    *written(),
    Column("waiting_id", UUID, comment="made to whoever was first in line"),
    Column("waiting_number", Integer),
    Column("freed_at", INSTANT, comment="when the place came free: in the order of then it is offered"),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["booker_id"], ["organisations.id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    CheckConstraint("state IN ('offered', 'accepted', 'declined', 'withdrawn', 'lapsed')", name="state"),
    CheckConstraint(
        "num_nonnulls(need_id, waiting_id) = 1 AND num_nonnulls(waiting_id, waiting_number, freed_at) IN (0, 3)",
        name="why",
    ),
    ForeignKeyConstraint(
        ["waiting_id", "owner_id", "waiting_number"],
        ["waiting_places.waiting_id", "waiting_places.owner_id", "waiting_places.number"],
    ),
    Index(None, "owner_id", "booking_id"),
    Index("offers_waiting_idx", "waiting_id", "owner_id", postgresql_where=text("waiting_id IS NOT NULL")),
    Index(None, "owner_id", "id"),
    Index(None, "booker_id", "id"),
    Index(
        "offers_standing_idx",
        "need_id",
        "owner_id",
        "asset_id",
        unique=True,
        postgresql_where=text("state = 'offered'"),
    ),
    comment="Places that owners hold for groups until these have answered",
)

claims = Table(
    "claims",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booker_id", UUID),
    required("asset_id", UUID),
    required("booking_id", UUID),
    required("occurrence_id", UUID),
    required("minutes", Integer, comment="that were still to come when it was recalled, for each of its units"),
    required("state", Text, server_default="open"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    UniqueConstraint("owner_id", "occurrence_id"),
    ForeignKeyConstraint(["booker_id"], ["organisations.id"]),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    ForeignKeyConstraint(["occurrence_id", "owner_id"], ["occurrences.id", "occurrences.owner_id"]),
    CheckConstraint("state IN ('open', 'made_good')", name="state"),
    Index(None, "owner_id", "id"),
    Index(None, "booker_id", "id"),
    comment="What an owner owes a booker for what it recalled",
)

messages = Table(
    "messages",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booking_id", UUID),
    required("sender_id", UUID),
    Column("text", Text, comment="private; null: erased"),
    Column("read_at", INSTANT, comment="by the other"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    ForeignKeyConstraint(["sender_id"], ["organisations.id"]),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    Index(None, "owner_id", "booking_id", "id"),
    comment="Between owner and booker, about a booking",
)

feedback = Table(
    "feedback",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    required("booking_id", UUID),
    required("occurrence_id", UUID),
    required("giver_id", UUID),
    required("verdict", Text),
    Column("text", Text, comment="private"),
    *written(),
    PrimaryKeyConstraint("id", "owner_id"),
    UniqueConstraint("owner_id", "occurrence_id", "giver_id"),
    ForeignKeyConstraint(["giver_id"], ["organisations.id"]),
    ForeignKeyConstraint(["booking_id", "owner_id"], ["bookings.id", "bookings.owner_id"]),
    ForeignKeyConstraint(["occurrence_id", "owner_id"], ["occurrences.id", "occurrences.owner_id"]),
    CheckConstraint("verdict IN ('well', 'problem')", name="verdict"),
    Index(None, "owner_id", "booking_id", "id"),
    comment="How an occurrence went, as owner or booker found it",
)

occupancies = Table(
    "occupancies",
    metadata,
    required("owner_id", UUID),
    required("asset_id", UUID),
    required("unit", Integer),
    required("occupied", TSTZRANGE, comment="turnaround of the booking's own asset included, as it was when made"),
    Column("occurrence_id", UUID, comment="null when it belongs to an allocation round"),
    Column("held_until", INSTANT),
    ExcludeConstraint(
        ("owner_id", "="),
        ("asset_id", "="),
        ("occupied", "&&"),
        ("unit", "="),
        using="gist",
        name="occupancies_one_occupant_excl",
    ),
    ForeignKeyConstraint(["asset_id", "owner_id"], ["assets.id", "assets.owner_id"]),
    ForeignKeyConstraint(
        ["occurrence_id", "owner_id"],
        ["occurrences.id", "occurrences.owner_id"],
        deferrable=True,
        initially="DEFERRED",
    ),
    CheckConstraint("NOT isempty(occupied)", name="occupied"),
    Index("occupancies_unit_idx", "owner_id", "asset_id", "unit", text("lower(occupied)")),
    Index(None, "occurrence_id", "owner_id"),
)

events = Table(
    "events",
    metadata,
    required("id", UUID),
    required("owner_id", UUID),
    Column("booker_id", UUID),
    required("xid", Xid8, server_default=text("pg_current_xact_id()")),
    required("type", Text),
    required("occurred_at", INSTANT),
    required("recorded_at", INSTANT),
    Column("actor", JSONB, comment="{organisation_id, token_id}; null: the operator or the clock"),
    required("object_kind", Text),
    required("object_id", UUID),
    required("version", BigInteger),
    Column("before", JSONB, comment="ids, codes, times and numbers; of texts only the names"),
    Column("after", JSONB),
    Column("request_id", Text),
    PrimaryKeyConstraint("id", "owner_id"),
    UniqueConstraint("owner_id", "object_kind", "object_id", "version"),
    Index(None, "owner_id", "xid", "id"),
    Index(None, "booker_id", "xid", "id"),
)

service = Table(
    "service",
    metadata,
    required("only", Boolean, primary_key=True, server_default="true"),
    required("epoch", UUID, comment="of the event feed: another after a restore"),
    required("secret", LargeBinary, comment="signs cursors"),
    required(
        "lot_secret",
        LargeBinary,
        server_default=text("sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))"),
        comment="the seeds of the fair order are made of it",
    ),
    Column("demand_taken_on", Date, comment="the newest picture of demand"),
    CheckConstraint('"only"', name="only"),
)
