"""What is offered after a lapse is what the offer had kept, so that nobody asks what had come free at first."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It is forgotten; when it came free stays."""
    op.execute("ALTER TABLE offers DROP CONSTRAINT offers_why_check")
    op.execute("ALTER TABLE offers DROP COLUMN freed")
    op.execute("""
        ALTER TABLE offers ADD CONSTRAINT offers_why_check CHECK (num_nonnulls(need_id, waiting_id) = 1
            AND num_nonnulls(waiting_id, waiting_number, freed_at) IN (0, 3))
    """)


def downgrade() -> None:
    """As if what was offered had come free then, and no more."""
    op.execute("ALTER TABLE offers DROP CONSTRAINT offers_why_check")
    op.execute("ALTER TABLE offers ADD COLUMN freed tstzmultirange")
    op.execute("""
        UPDATE offers f SET freed = (
          SELECT range_agg(tstzrange((o->>'starts_at')::timestamptz, (o->>'ends_at')::timestamptz))
            FROM jsonb_array_elements(f.occurrences) o)
         WHERE f.waiting_id IS NOT NULL
    """)
    op.execute("""
        ALTER TABLE offers ADD CONSTRAINT offers_why_check CHECK (num_nonnulls(need_id, waiting_id) = 1
            AND num_nonnulls(waiting_id, waiting_number, freed_at, freed) IN (0, 4))
    """)
    op.execute("COMMENT ON COLUMN offers.freed IS 'what came free then'")
