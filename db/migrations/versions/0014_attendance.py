"""By when somebody must have checked in, or it is a no-show; and the notice by which a booking is cancelled late."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing that is booked so far must be checked in: who booked it did not know. Its notice is what it was till now."""
    op.execute("""
        ALTER TABLE occurrences ADD COLUMN check_in_by timestamptz,
        ADD CONSTRAINT occurrences_check_in_check
            CHECK (check_in_by <= ends_at AND (state <> 'pending' OR approved_from <= check_in_by))
    """)
    op.execute("COMMENT ON COLUMN occurrences.check_in_by IS 'confirmed, or to be: from then on no_show, swept or not'")
    op.execute("""
        CREATE INDEX occurrences_check_in_idx ON occurrences (check_in_by)
        WHERE state = 'confirmed' AND check_in_by IS NOT NULL
    """)
    op.execute("ALTER TABLE bookings ADD COLUMN cancel_notice_minutes integer DEFAULT 0 NOT NULL")
    op.execute("COMMENT ON COLUMN bookings.cancel_notice_minutes IS 'as the terms were when it was made'")
    op.execute("""
        UPDATE bookings b SET cancel_notice_minutes = a.cancel_notice_minutes FROM assets a
         WHERE a.id = b.asset_id AND a.owner_id = b.owner_id AND a.cancel_notice_minutes > 0
    """)


def downgrade() -> None:
    """Without; nobody need check in any more, and what is confirmed stays so to its end."""
    op.execute("""
        UPDATE occupancies o SET held_until = NULL FROM occurrences c
         WHERE c.check_in_by IS NOT NULL AND c.state IN ('confirmed', 'pending')
           AND o.owner_id = c.owner_id AND o.occurrence_id = c.id
    """)
    op.execute("DROP INDEX occurrences_check_in_idx")
    op.execute("ALTER TABLE occurrences DROP COLUMN check_in_by")
    op.execute("ALTER TABLE bookings DROP COLUMN cancel_notice_minutes")
