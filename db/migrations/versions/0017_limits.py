"""How much each booker may have of an owner's assets, and all together of one."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was limited yet. What is counted is found by one index, which serves for what is open, too."""
    op.execute("""
        CREATE TABLE limits (
            id uuid NOT NULL,
            owner_id uuid NOT NULL CONSTRAINT limits_owner_id_fkey REFERENCES organisations (id),
            name text,
            asset_id uuid,
            category text,
            booker_kinds text[] NOT NULL,
            counts text NOT NULL,
            most integer NOT NULL,
            every text,
            starts_on date,
            ends_on date,
            prime_time jsonb,
            openings int4multirange,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT limits_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT limits_asset_id_owner_id_fkey
                FOREIGN KEY (asset_id, owner_id) REFERENCES assets (id, owner_id),
            CONSTRAINT limits_of_check CHECK (asset_id IS NULL OR category IS NULL),
            CONSTRAINT limits_most_check CHECK (most >= 0),
            CONSTRAINT limits_prime_time_check CHECK ((prime_time IS NULL) = (openings IS NULL)),
            CONSTRAINT limits_counts_check CHECK (
                CASE WHEN counts = 'minutes' THEN (every IS NULL) <> (starts_on IS NULL)
                          AND (starts_on IS NULL) = (ends_on IS NULL) AND (every IS NULL OR every IN ('week', 'month'))
                     ELSE counts IN ('open_bookings', 'days_ahead')
                          AND num_nonnulls(every, starts_on, ends_on, openings) = 0 END))
    """)
    op.execute("CREATE INDEX limits_owner_id_id_idx ON limits (owner_id, id)")
    op.execute("COMMENT ON TABLE limits IS 'How much of an owner''s assets each booker may have'")
    op.execute("""
        COMMENT ON COLUMN limits.asset_id IS
          'of what is counted; with category null, too: of all the owner''s'
    """)
    op.execute("COMMENT ON COLUMN limits.booker_kinds IS 'none: of every kind'")
    op.execute("""
        COMMENT ON COLUMN limits.every IS
          'minutes: by the week or month of each site''s clock, or within the season'
    """)
    op.execute("COMMENT ON COLUMN limits.ends_on IS 'included'")
    op.execute("COMMENT ON COLUMN limits.prime_time IS 'as sent'")
    op.execute("COMMENT ON COLUMN limits.openings IS 'the same, in minutes from the midnight of Monday'")
    op.execute("ALTER TABLE assets ADD allowance jsonb")
    op.execute("""
        COMMENT ON COLUMN assets.allowance IS
          '{minutes, every}: what all bookers together may have of all its units'
    """)
    op.execute("""
        CREATE INDEX occurrences_counted_idx ON occurrences (owner_id, booker_id, ends_at)
         WHERE state IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show')
            OR state = 'cancelled' AND cancelled_late
    """)
    op.execute("DROP INDEX occurrences_open_idx")


def downgrade() -> None:
    """Without; limits are lost."""
    op.execute("""
        CREATE INDEX occurrences_open_idx ON occurrences (owner_id, booker_id, ends_at)
         WHERE state IN ('held', 'pending', 'confirmed', 'checked_in')
    """)
    op.execute("DROP INDEX occurrences_counted_idx")
    op.execute("ALTER TABLE assets DROP allowance")
    op.execute("DROP TABLE limits")
