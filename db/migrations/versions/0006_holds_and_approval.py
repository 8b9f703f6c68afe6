"""What becomes of a claim by itself, and when; and a row to lock where something is counted of a booker."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The deadline of a request moves to its occurrences, which may have been asked for at different times."""
    op.execute("ALTER TABLE bookings DROP COLUMN decide_by")
    op.execute("ALTER TABLE occurrences ADD COLUMN approved_from timestamptz")
    op.execute(
        "COMMENT ON COLUMN occurrences.held_until IS 'held or pending: from then on expired or lapsed, swept or not'"
    )
    op.execute("COMMENT ON COLUMN occurrences.approved_from IS 'pending: from then on confirmed, swept or not'")
    op.execute("""
        CREATE INDEX occurrences_held_idx ON occurrences (owner_id, booker_id, held_until)
        WHERE state IN ('held', 'expired')
    """)
    op.execute("""
        CREATE TABLE accounts (
            owner_id uuid NOT NULL CONSTRAINT accounts_owner_id_fkey REFERENCES organisations (id),
            booker_id uuid NOT NULL CONSTRAINT accounts_booker_id_fkey REFERENCES organisations (id),
            CONSTRAINT accounts_pkey PRIMARY KEY (owner_id, booker_id))
    """)
    op.execute("COMMENT ON TABLE accounts IS 'Locked where something is counted of a booker with an owner'")


def downgrade() -> None:
    """Without; deadlines of what waits are lost."""
    op.execute("DROP TABLE accounts")
    op.execute("DROP INDEX occurrences_held_idx")
    op.execute("ALTER TABLE occurrences DROP COLUMN approved_from")
    op.execute("COMMENT ON COLUMN occurrences.held_until IS NULL")
    op.execute("ALTER TABLE bookings ADD COLUMN decide_by timestamptz")
