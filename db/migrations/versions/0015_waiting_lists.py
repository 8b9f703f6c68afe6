"""Who waits for what others have, and the offers that are made to them."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody waits yet."""
    op.execute("""
        CREATE TABLE waitings (
            id uuid NOT NULL,
            owner_id uuid NOT NULL,
            booker_id uuid NOT NULL CONSTRAINT waitings_booker_id_fkey REFERENCES organisations (id),
            booking_id uuid,
            units integer NOT NULL,
            attendees integer,
            purpose jsonb,
            left_at timestamptz,
            met_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT waitings_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT waitings_booking_id_owner_id_fkey
                FOREIGN KEY (booking_id, owner_id) REFERENCES bookings (id, owner_id))
    """)
    op.execute("""
        CREATE TABLE waiting_places (
            waiting_id uuid NOT NULL,
            owner_id uuid NOT NULL,
            number integer NOT NULL,
            booker_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            occurrence_id uuid,
            period tstzrange NOT NULL,
            met boolean DEFAULT false NOT NULL,
            ended boolean DEFAULT false NOT NULL,
            CONSTRAINT waiting_places_pkey PRIMARY KEY (waiting_id, owner_id, number),
            CONSTRAINT waiting_places_waiting_id_owner_id_fkey
                FOREIGN KEY (waiting_id, owner_id) REFERENCES waitings (id, owner_id),
            CONSTRAINT waiting_places_asset_id_owner_id_fkey
                FOREIGN KEY (asset_id, owner_id) REFERENCES assets (id, owner_id),
            CONSTRAINT waiting_places_occurrence_id_owner_id_fkey
                FOREIGN KEY (occurrence_id, owner_id) REFERENCES occurrences (id, owner_id),
            CONSTRAINT waiting_places_once_excl EXCLUDE USING gist (
                owner_id WITH =, asset_id WITH =, booker_id WITH =, period WITH &&, waiting_id WITH <>)
                WHERE (NOT ended))
    """)
    op.execute("CREATE INDEX waitings_owner_id_id_idx ON waitings (owner_id, id)")
    op.execute("CREATE INDEX waitings_booker_id_id_idx ON waitings (booker_id, id)")
    op.execute("ALTER TABLE offers ALTER COLUMN need_id DROP NOT NULL")
    op.execute("ALTER TABLE offers ADD COLUMN waiting_id uuid")
    op.execute("ALTER TABLE offers ADD COLUMN waiting_number integer")
    op.execute("ALTER TABLE offers ADD COLUMN freed_at timestamptz")
    op.execute("ALTER TABLE offers ADD COLUMN freed tstzmultirange")
    op.execute("""
        ALTER TABLE offers ADD CONSTRAINT offers_why_check CHECK (num_nonnulls(need_id, waiting_id) = 1
            AND num_nonnulls(waiting_id, waiting_number, freed_at, freed) IN (0, 4))
    """)
    op.execute("""
        ALTER TABLE offers ADD CONSTRAINT offers_waiting_id_owner_id_waiting_number_fkey
            FOREIGN KEY (waiting_id, owner_id, waiting_number)
            REFERENCES waiting_places (waiting_id, owner_id, number)
    """)
    op.execute("ALTER TABLE offers DROP CONSTRAINT offers_owner_id_booking_id_key")
    op.execute("CREATE INDEX offers_owner_id_booking_id_idx ON offers (owner_id, booking_id)")
    op.execute("CREATE INDEX offers_waiting_idx ON offers (waiting_id, owner_id) WHERE waiting_id IS NOT NULL")
    op.execute("COMMENT ON TABLE waitings IS 'Entries of waiting lists'")
    op.execute(
        "COMMENT ON COLUMN waitings.booking_id IS 'whose skipped occurrences are waited for, all of them; null: any place'"
    )
    op.execute("COMMENT ON COLUMN waitings.purpose IS '{code, text}; the text is private'")
    op.execute("COMMENT ON TABLE waiting_places IS 'The places that an entry waits for'")
    op.execute("COMMENT ON COLUMN waiting_places.ended IS 'not waited for any more'")
    op.execute("COMMENT ON COLUMN offers.waiting_id IS 'made to whoever was first in line'")
    op.execute("COMMENT ON COLUMN offers.freed_at IS 'when the place came free: in the order of then it is offered'")
    op.execute("COMMENT ON COLUMN offers.freed IS 'what came free then'")


def downgrade() -> None:
    """Without; what was offered to those in line is withdrawn."""
    op.execute("""
        DELETE FROM occupancies o USING offers f, occurrences c
         WHERE f.waiting_id IS NOT NULL AND f.state <> 'accepted' AND c.owner_id = f.owner_id
           AND c.booking_id = f.booking_id AND o.owner_id = c.owner_id AND o.occurrence_id = c.id
    """)
    op.execute("DELETE FROM offers WHERE waiting_id IS NOT NULL")
    for name in ("freed", "freed_at", "waiting_number", "waiting_id"):
        op.execute(f"ALTER TABLE offers DROP COLUMN {name}")
    op.execute("ALTER TABLE offers ALTER COLUMN need_id SET NOT NULL")
    op.execute("DROP INDEX offers_owner_id_booking_id_idx")
    op.execute("ALTER TABLE offers ADD CONSTRAINT offers_owner_id_booking_id_key UNIQUE (owner_id, booking_id)")
    op.execute("DROP TABLE waiting_places")
    op.execute("DROP TABLE waitings")
