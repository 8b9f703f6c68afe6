"""The occurrences of a booker, booking by booking: its list of bookings walks them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index."""
    op.create_index("occurrences_booker_id_booking_id_idx", "occurrences", ["booker_id", "booking_id"])


def downgrade() -> None:
    """Without it."""
    op.drop_index("occurrences_booker_id_booking_id_idx", "occurrences")
