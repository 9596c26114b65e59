"""Add splits with their arms, and goals with when they were met."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ACTION_TYPES = ("ai_call", "whatsapp_message", "email", "wait", "sms", "webhook", "update_contact", "notify_team")
CONDITION_TYPES = ("always", "call_outcome", "message_status", "contact_field")


def _vocabulary(table: str, column: str, words: tuple[str, ...], *, optional: bool = False) -> None:
    name = op.f(f"ck_{table}_{column}_vocabulary")
    test = f"{column} IN ({', '.join(repr(word) for word in words)})"
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IS NULL OR {test}" if optional else test)


def upgrade() -> None:
    _vocabulary("flow_actions", "action_type", (*ACTION_TYPES, "split"))
    _vocabulary("flow_actions", "condition_type", (*CONDITION_TYPES, "split"), optional=True)
    _vocabulary("flow_action_logs", "action_type", (*ACTION_TYPES, "split"))
    op.add_column("auto_engagement_flows", sa.Column("goal", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("flow_executions", sa.Column("goal_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("flow_executions", sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("flow_action_logs", sa.Column("arm", sa.String(length=40), nullable=True))
    op.create_index(
        "idx_executions_goal",
        "flow_executions",
        ["contact_id", "goal_until"],
        postgresql_where=sa.text("goal_until IS NOT NULL AND converted_at IS NULL"),
    )
    op.create_index(
        "idx_action_logs_split",
        "flow_action_logs",
        ["user_id", "action_id", "started_at"],
        postgresql_where=sa.text("arm IS NOT NULL"),
    )


def downgrade() -> None:
    """Versions keep the splits and goals in their definitions; what was counted of them is gone."""
    op.drop_index("idx_action_logs_split", table_name="flow_action_logs")
    op.drop_index("idx_executions_goal", table_name="flow_executions")
    op.drop_column("flow_action_logs", "arm")
    op.drop_column("flow_executions", "converted_at")
    op.drop_column("flow_executions", "goal_until")
    op.drop_column("auto_engagement_flows", "goal")
    op.execute("DELETE FROM flow_action_logs WHERE action_type = 'split'")
    op.execute("DELETE FROM flow_actions WHERE action_type = 'split' OR condition_type = 'split'")
    _vocabulary("flow_actions", "action_type", ACTION_TYPES)
    _vocabulary("flow_actions", "condition_type", CONDITION_TYPES, optional=True)
    _vocabulary("flow_action_logs", "action_type", ACTION_TYPES)
