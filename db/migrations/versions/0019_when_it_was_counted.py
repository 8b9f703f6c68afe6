"""The latest moment at which something was counted of a booker: who waited meanwhile counts no earlier."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was counted yet."""
    op.execute("ALTER TABLE accounts ADD counted_at timestamptz")


def downgrade() -> None:
    """Without."""
    op.execute("ALTER TABLE accounts DROP counted_at")
