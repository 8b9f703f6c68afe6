"""What a database must have, told without Alembic."""

from alembic.script import ScriptDirectory

from db.migrate import config
from db.version import newest_migration


def test_the_newest_file_is_alembics_head():
    assert newest_migration() == ScriptDirectory.from_config(config()).get_current_head()
