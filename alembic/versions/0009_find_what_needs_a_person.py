"""What an execution failed by, who left it as it is, and indexes of what needs a person."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TO_DEAL = "status = 'failed' AND dismissed_at IS NULL AND NOT is_test_run"
CAUSES = """
UPDATE flow_executions e SET cause = COALESCE((
  SELECT concat_ws('|', l.action_type, COALESCE(l.error_class, l.status), COALESCE(l.channel_id::text, ''), COALESCE(l.error_code, ''))
  FROM flow_action_logs l
  WHERE l.flow_execution_id = e.id AND l.status IN ('failed', 'unknown') AND l.action_type <> 'wait'
  ORDER BY (l.error_class = 'account') IS TRUE DESC, l.action_order DESC, l.attempt DESC LIMIT 1
), '|internal||')
WHERE e.status = 'failed'
"""


def upgrade() -> None:
    op.add_column("flow_executions", sa.Column("cause", sa.String(length=200), nullable=True))
    op.add_column("flow_executions", sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("flow_executions", sa.Column("dismissed_by", sa.Uuid(), nullable=True))
    op.add_column("flow_executions", sa.Column("dismissed_note", sa.String(length=500), server_default="", nullable=False))
    op.execute(CAUSES)
    op.create_index(
        "idx_executions_to_deal",
        "flow_executions",
        ["user_id", "cause", sa.literal_column("completed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_include=["flow_id"],
        postgresql_where=sa.text(TO_DEAL),
    )
    op.create_index(
        "idx_executions_failed_time",
        "flow_executions",
        ["user_id", sa.literal_column("completed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text(TO_DEAL),
    )
    op.create_index(
        "idx_executions_dismissed",
        "flow_executions",
        ["user_id", sa.literal_column("dismissed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("dismissed_at IS NOT NULL"),
    )
    op.create_index(
        "idx_action_logs_doubted",
        "flow_action_logs",
        ["user_id", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_include=["flow_execution_id", "action_type", "channel_id", "provider_ref"],
        postgresql_where=sa.text("status = 'unknown'"),
    )


def downgrade() -> None:
    op.drop_index("idx_action_logs_doubted", table_name="flow_action_logs")
    op.drop_index("idx_executions_dismissed", table_name="flow_executions")
    op.drop_index("idx_executions_failed_time", table_name="flow_executions")
    op.drop_index("idx_executions_to_deal", table_name="flow_executions")
    for column in ("dismissed_note", "dismissed_by", "dismissed_at", "cause"):
        op.drop_column("flow_executions", column)
