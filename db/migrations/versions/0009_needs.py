"""What groups look for, and which bookings were made for it."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No need stands yet, and no booking was made for one."""
    op.execute("""
        CREATE TABLE needs (
            id uuid NOT NULL,
            owner_id uuid NOT NULL CONSTRAINT needs_owner_id_fkey REFERENCES organisations (id),
            request jsonb NOT NULL,
            category text,
            kind text,
            features text[] NOT NULL,
            nice_to_have text[] NOT NULL,
            attendees integer,
            units integer NOT NULL,
            location geography(Point, 4326) NOT NULL,
            shown geography(Point, 4326) NOT NULL,
            precision text NOT NULL,
            within_m integer NOT NULL,
            comes_to_us boolean NOT NULL,
            reach geography(Geometry, 4326) NOT NULL,
            periods tstzrange[] NOT NULL,
            starts_on date,
            weeks integer NOT NULL,
            every_weeks integer NOT NULL,
            openings int4multirange NOT NULL,
            minutes integer,
            at_least integer NOT NULL,
            most_amount integer,
            most_currency text,
            stands_until timestamptz NOT NULL,
            closed_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT needs_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT needs_what_check CHECK (num_nonnulls(category, kind) = 1),
            CONSTRAINT needs_when_check CHECK ((cardinality(periods) > 0) <> (starts_on IS NOT NULL)))
    """)
    op.execute("ALTER TABLE bookings ADD COLUMN need_id uuid")
    op.execute("CREATE INDEX needs_owner_id_id_idx ON needs (owner_id, id)")
    op.execute("CREATE INDEX needs_reach_idx ON needs USING gist (reach)")
    op.execute("CREATE INDEX bookings_need_idx ON bookings (need_id) WHERE need_id IS NOT NULL")
    op.execute("COMMENT ON TABLE needs IS 'What an organisation looks for: the request, and what matching reads of it'")
    op.execute("COMMENT ON COLUMN needs.request IS 'as sent; purpose.text and who_benefits are private'")
    op.execute("COMMENT ON COLUMN needs.location IS 'private'")
    op.execute("COMMENT ON COLUMN needs.shown IS 'what others see and are matched by: about 1 km off'")
    op.execute("COMMENT ON COLUMN needs.reach IS 'contains what may be near enough'")
    op.execute("COMMENT ON COLUMN needs.openings IS 'of one week, in minutes from the midnight of its first date'")
    op.execute("COMMENT ON COLUMN needs.minutes IS 'null: each window as long as it is'")
    op.execute("COMMENT ON COLUMN bookings.need_id IS 'of the booker'")


def downgrade() -> None:
    """Without; what was looked for is lost."""
    op.execute("DROP INDEX bookings_need_idx")
    op.execute("ALTER TABLE bookings DROP COLUMN need_id")
    op.execute("DROP TABLE needs")
