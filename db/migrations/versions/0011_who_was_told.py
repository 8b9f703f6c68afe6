"""Which assets a need was matched with, and what the seeds of the fair order are made of."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has been told of anything yet."""
    op.execute("""
        CREATE TABLE need_matches (
            need_id uuid NOT NULL,
            owner_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            found_at timestamptz NOT NULL,
            CONSTRAINT need_matches_pkey PRIMARY KEY (need_id, asset_id, owner_id),
            CONSTRAINT need_matches_asset_id_owner_id_fkey
                FOREIGN KEY (asset_id, owner_id) REFERENCES assets (id, owner_id))
    """)
    op.execute("COMMENT ON TABLE need_matches IS 'The assets that a need was found to match, each once'")
    op.execute("CREATE INDEX need_matches_owner_id_asset_id_idx ON need_matches (owner_id, asset_id)")
    op.execute("""
        ALTER TABLE service ADD COLUMN lot_secret bytea DEFAULT
            sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) NOT NULL
    """)
    op.execute("COMMENT ON COLUMN service.lot_secret IS 'the seeds of the fair order are made of it'")


def downgrade() -> None:
    """Without."""
    op.execute("ALTER TABLE service DROP COLUMN lot_secret")
    op.execute("DROP TABLE need_matches")
