"""What waits for an owner, and what a booker has of it: found without what has ended."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Indexes of occurrences that are pending, and of those that are open."""
    op.execute(
        "CREATE INDEX occurrences_owner_pending_idx ON occurrences (owner_id, booking_id) WHERE state = 'pending'"
    )
    op.execute(
        "CREATE INDEX occurrences_booker_pending_idx ON occurrences (booker_id, booking_id) WHERE state = 'pending'"
    )
    op.execute("""
        CREATE INDEX occurrences_open_idx ON occurrences (owner_id, booker_id, ends_at)
        WHERE state IN ('held', 'pending', 'confirmed', 'checked_in')
    """)


def downgrade() -> None:
    """Without."""
    op.execute("DROP INDEX occurrences_open_idx")
    op.execute("DROP INDEX occurrences_booker_pending_idx")
    op.execute("DROP INDEX occurrences_owner_pending_idx")
