"""What the files say is the newest migration is what Alembic says, and what the test databases are at."""

from __future__ import annotations

import asyncpg
from alembic.script import ScriptDirectory

from autoflows.embedded import migrations


def test_the_newest_migration_read_from_the_files_is_alembics() -> None:
    assert migrations.head() == ScriptDirectory(str(migrations.scripts())).get_current_head()


async def test_a_migrated_database_is_at_the_newest(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == migrations.head()
    await connection.close()
