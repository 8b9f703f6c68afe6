"""What is looked for where, as a nightly picture of fixed cells."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first picture is taken in the night to come."""
    op.execute("""
        CREATE TABLE demand (
            taken_on date NOT NULL,
            cell text NOT NULL,
            center geography(Point, 4326) NOT NULL,
            category text NOT NULL,
            hour_of_week integer NOT NULL,
            groups integer NOT NULL,
            needs integer NOT NULL,
            CONSTRAINT demand_pkey PRIMARY KEY (taken_on, cell, category, hour_of_week),
            CONSTRAINT demand_groups_check CHECK (groups >= 3))
    """)
    op.execute("ALTER TABLE service ADD COLUMN demand_taken_on date")
    op.execute("COMMENT ON COLUMN service.demand_taken_on IS 'the newest picture of demand'")
    op.execute(
        "COMMENT ON TABLE demand IS 'Open needs by cell, category and hour of the local week, of three groups or more'"
    )


def downgrade() -> None:
    """Without."""
    op.execute("ALTER TABLE service DROP COLUMN demand_taken_on")
    op.execute("DROP TABLE demand")
