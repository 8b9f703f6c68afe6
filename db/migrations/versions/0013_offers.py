"""Places that are held for groups which have not answered yet: bookings of nobody, until they accept."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is offered yet."""
    for table in ("bookings", "occurrences"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN booker_id DROP NOT NULL")
        op.execute(f"COMMENT ON COLUMN {table}.booker_id IS 'null while it is offered'")
    op.execute("""
        CREATE TABLE offers (
            id uuid NOT NULL,
            owner_id uuid NOT NULL,
            booker_id uuid NOT NULL CONSTRAINT offers_booker_id_fkey REFERENCES organisations (id),
            asset_id uuid NOT NULL,
            need_id uuid NOT NULL,
            booking_id uuid NOT NULL,
            units integer NOT NULL,
            attendees integer,
            occurrences jsonb NOT NULL,
            cost jsonb NOT NULL,
            state text DEFAULT 'offered' NOT NULL,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT offers_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT offers_owner_id_booking_id_key UNIQUE (owner_id, booking_id),
            CONSTRAINT offers_asset_id_owner_id_fkey
                FOREIGN KEY (asset_id, owner_id) REFERENCES assets (id, owner_id),
            CONSTRAINT offers_booking_id_owner_id_fkey
                FOREIGN KEY (booking_id, owner_id) REFERENCES bookings (id, owner_id),
            CONSTRAINT offers_state_check
                CHECK (state IN ('offered', 'accepted', 'declined', 'withdrawn', 'lapsed')))
    """)
    op.execute("CREATE INDEX offers_owner_id_id_idx ON offers (owner_id, id)")
    op.execute("CREATE INDEX offers_booker_id_id_idx ON offers (booker_id, id)")
    op.execute(
        "CREATE UNIQUE INDEX offers_standing_idx ON offers (need_id, owner_id, asset_id) WHERE state = 'offered'"
    )
    op.execute("COMMENT ON TABLE offers IS 'Places that owners hold for groups until these have answered'")
    op.execute("COMMENT ON COLUMN offers.booking_id IS 'nobody''s, which holds the place, until it is the group''s'")
    op.execute("COMMENT ON COLUMN offers.occurrences IS '[{number, starts_at, ends_at}]'")
    op.execute("COMMENT ON COLUMN offers.cost IS '{amount, currency, lines}, fixed when offered'")
    op.execute("COMMENT ON COLUMN offers.expires_at IS 'from then on lapsed, swept or not'")


def downgrade() -> None:
    """Without; what stands is no longer offered."""
    op.execute("""
        DELETE FROM occupancies o USING occurrences c
         WHERE c.booker_id IS NULL AND o.owner_id = c.owner_id AND o.occurrence_id = c.id
    """)
    op.execute("DROP TABLE offers")
    for table in ("occurrences", "bookings"):
        op.execute(f"DELETE FROM {table} WHERE booker_id IS NULL")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN booker_id SET NOT NULL")
        op.execute(f"COMMENT ON COLUMN {table}.booker_id IS NULL")
