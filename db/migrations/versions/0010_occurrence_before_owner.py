"""The occupancies of an occurrence by its id, then its owner, as primary keys are.

One index of occupancies is left that begins with the owner, that of units by time. The planner, asked for the last
occupancy of a unit before a moment, would take the other where most owners have little, and read all that one has.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def make(columns: str, instead_of: str) -> None:
    """The one index for the other."""
    op.execute(f"CREATE INDEX occupancies_{columns.replace(', ', '_')}_idx ON occupancies ({columns})")
    op.execute(f"DROP INDEX occupancies_{instead_of.replace(', ', '_')}_idx")


def upgrade() -> None:
    """Occurrence, then owner."""
    make("occurrence_id, owner_id", instead_of="owner_id, occurrence_id")


def downgrade() -> None:
    """Owner, then occurrence."""
    make("owner_id, occurrence_id", instead_of="occurrence_id, owner_id")
