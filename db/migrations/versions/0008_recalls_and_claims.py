"""Whether a booking may be recalled, and what is owed for those that were."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No booking made so far may be recalled: no asset could be listed on such terms."""
    op.execute("ALTER TABLE bookings ADD COLUMN recallable boolean DEFAULT false NOT NULL")
    op.execute("COMMENT ON COLUMN bookings.recallable IS 'as the terms were when it was made'")
    op.execute("""
        CREATE TABLE claims (
            id uuid NOT NULL,
            owner_id uuid NOT NULL,
            booker_id uuid NOT NULL CONSTRAINT claims_booker_id_fkey REFERENCES organisations (id),
            asset_id uuid NOT NULL,
            booking_id uuid NOT NULL,
            occurrence_id uuid NOT NULL,
            minutes integer NOT NULL,
            state text DEFAULT 'open' NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT claims_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT claims_owner_id_occurrence_id_key UNIQUE (owner_id, occurrence_id),
            CONSTRAINT claims_asset_id_owner_id_fkey
                FOREIGN KEY (asset_id, owner_id) REFERENCES assets (id, owner_id),
            CONSTRAINT claims_booking_id_owner_id_fkey
                FOREIGN KEY (booking_id, owner_id) REFERENCES bookings (id, owner_id),
            CONSTRAINT claims_occurrence_id_owner_id_fkey
                FOREIGN KEY (occurrence_id, owner_id) REFERENCES occurrences (id, owner_id),
            CONSTRAINT claims_state_check CHECK (state IN ('open', 'made_good')))
    """)
    op.execute("CREATE INDEX claims_owner_id_id_idx ON claims (owner_id, id)")
    op.execute("CREATE INDEX claims_booker_id_id_idx ON claims (booker_id, id)")
    op.execute("COMMENT ON TABLE claims IS 'What an owner owes a booker for what it recalled'")
    op.execute(
        "COMMENT ON COLUMN claims.minutes IS 'that were still to come when it was recalled, for each of its units'"
    )


def downgrade() -> None:
    """Without; what is owed is lost."""
    op.execute("DROP TABLE claims")
    op.execute("ALTER TABLE bookings DROP COLUMN recallable")
