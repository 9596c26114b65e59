"""Find contacts by their earlier addresses, and executions by when they ended."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("other_phones", "other_emails")


def upgrade() -> None:
    op.create_index("idx_executions_user_completed", "flow_executions", ["user_id", "completed_at"])
    for column in COLUMNS:
        op.create_index(
            f"ix_contacts_{column}", "contacts", [column], postgresql_using="gin", postgresql_where=sa.text(f"{column} <> '{{}}'::text[]")
        )


def downgrade() -> None:
    op.drop_index("idx_executions_user_completed", table_name="flow_executions")
    for column in COLUMNS:
        op.drop_index(f"ix_contacts_{column}", table_name="contacts")
