"""What Alembic runs: on the connection it is given, or for `make migration` on a new one to compare with."""

from alembic import context
from geoalchemy2 import alembic_helpers

from db.tables import metadata


def include(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:  # noqa: FBT001
    """Everything but PostGIS's own tables."""
    return name != "spatial_ref_sys" and alembic_helpers.include_object(thing, name, kind, reflected, compared)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=include,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
