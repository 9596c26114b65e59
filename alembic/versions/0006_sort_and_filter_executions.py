"""How an execution's last call ended; saved views of the list of executions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OUTCOMES = "last_outcome IS NULL OR last_outcome IN ('answered', 'missed', 'busy', 'failed', 'voicemail', 'unknown')"
FILL = """
UPDATE flow_executions e SET last_outcome = l.outcome
FROM (SELECT DISTINCT ON (flow_execution_id) flow_execution_id, outcome FROM flow_action_logs WHERE outcome IS NOT NULL
      ORDER BY flow_execution_id, action_order DESC, attempt DESC) AS l
WHERE l.flow_execution_id = e.id
"""


def upgrade() -> None:
    op.add_column("flow_executions", sa.Column("last_outcome", sa.String(length=20), nullable=True))
    op.execute(FILL)
    op.create_check_constraint(op.f("ck_flow_executions_last_outcome_vocabulary"), "flow_executions", OUTCOMES)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("filter", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_saved_views_owner_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index("uq_saved_views_owner_name", "saved_views", ["owner_id", sa.text("lower(name)")], unique=True)
    op.create_index("ix_saved_views_shared", "saved_views", ["user_id"], postgresql_where=sa.text("is_shared"))


def downgrade() -> None:
    op.drop_table("saved_views")
    op.drop_constraint(op.f("ck_flow_executions_last_outcome_vocabulary"), "flow_executions", type_="check")
    op.drop_column("flow_executions", "last_outcome")
