"""Keep only the rows that are looked for in two indexes that every lead would write to."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("idx_action_logs_status", "flow_action_logs", ["status", "started_at"], "status IN ('pending', 'running', 'unknown')"),
    ("idx_executions_user_completed", "flow_executions", ["user_id", "completed_at"], "completed_at IS NOT NULL"),
)


def upgrade() -> None:
    for name, table, columns, where in INDEXES:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, columns, _ in INDEXES:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
