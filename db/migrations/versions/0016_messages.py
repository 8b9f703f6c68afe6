"""What owner and booker write to each other, and how each found it."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was written yet."""
    op.execute("""
        CREATE TABLE messages (
            id uuid NOT NULL,
            owner_id uuid NOT NULL,
            booking_id uuid NOT NULL,
            sender_id uuid NOT NULL CONSTRAINT messages_sender_id_fkey REFERENCES organisations (id),
            text text,
            read_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT messages_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT messages_booking_id_owner_id_fkey
                FOREIGN KEY (booking_id, owner_id) REFERENCES bookings (id, owner_id))
    """)
    op.execute("""
        CREATE TABLE feedback (
            id uuid NOT NULL,
            owner_id uuid NOT NULL,
            booking_id uuid NOT NULL,
            occurrence_id uuid NOT NULL,
            giver_id uuid NOT NULL CONSTRAINT feedback_giver_id_fkey REFERENCES organisations (id),
            verdict text NOT NULL,
            text text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            CONSTRAINT feedback_pkey PRIMARY KEY (id, owner_id),
            CONSTRAINT feedback_owner_id_occurrence_id_giver_id_key UNIQUE (owner_id, occurrence_id, giver_id),
            CONSTRAINT feedback_booking_id_owner_id_fkey
                FOREIGN KEY (booking_id, owner_id) REFERENCES bookings (id, owner_id),
            CONSTRAINT feedback_occurrence_id_owner_id_fkey
                FOREIGN KEY (occurrence_id, owner_id) REFERENCES occurrences (id, owner_id),
            CONSTRAINT feedback_verdict_check CHECK (verdict IN ('well', 'problem')))
    """)
    op.execute("CREATE INDEX messages_owner_id_booking_id_id_idx ON messages (owner_id, booking_id, id)")
    op.execute("CREATE INDEX feedback_owner_id_booking_id_id_idx ON feedback (owner_id, booking_id, id)")
    op.execute("COMMENT ON TABLE messages IS 'Between owner and booker, about a booking'")
    op.execute("COMMENT ON COLUMN messages.text IS 'private; null: erased'")
    op.execute("COMMENT ON COLUMN messages.read_at IS 'by the other'")
    op.execute("COMMENT ON TABLE feedback IS 'How an occurrence went, as owner or booker found it'")
    op.execute("COMMENT ON COLUMN feedback.text IS 'private'")


def downgrade() -> None:
    """Without; what was written is lost."""
    op.execute("DROP TABLE feedback")
    op.execute("DROP TABLE messages")
