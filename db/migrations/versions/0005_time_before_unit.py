"""The constraint that keeps occupants apart, with time before unit: what is asked of it is who has an asset at a time.

In an asset of a thousand units the index was laid out by unit, and every period asked for led through all of it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "occupancies_one_occupant_excl"


def make(columns: str) -> None:
    """The constraint, anew."""
    op.execute(f"ALTER TABLE occupancies DROP CONSTRAINT {NAME}")
    op.execute(f"ALTER TABLE occupancies ADD CONSTRAINT {NAME} EXCLUDE USING gist ({columns})")


def upgrade() -> None:
    """Time, then unit."""
    make("owner_id WITH =, asset_id WITH =, occupied WITH &&, unit WITH =")


def downgrade() -> None:
    """Unit, then time."""
    make("owner_id WITH =, asset_id WITH =, unit WITH =, occupied WITH &&")
