"""Add limits, queues, circuit breakers, notifications and suppressions."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_paces")),
    )
    op.create_table(
        "usage_counters",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", name=op.f("pk_usage_counters")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.String(length=1000), nullable=False),
        sa.Column("href", sa.String(length=500), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("severity IN ('error', 'warning', 'info')", name=op.f("ck_notifications_severity_vocabulary")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_user_time",
        "notifications",
        ["user_id", sa.literal_column("last_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_notifications_open",
        "notifications",
        ["user_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "notification_reads",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_notification_reads_notification_id_notifications"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notification_reads_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notification_id", "user_id", name=op.f("pk_notification_reads")),
    )
    op.create_index(op.f("ix_notification_reads_user_id"), "notification_reads", ["user_id"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('all', 'call', 'whatsapp', 'sms', 'email')", name=op.f("ck_suppressions_channel_vocabulary")),
        sa.CheckConstraint(
            "reason IN ('opt_out', 'unsubscribe', 'provider', 'complaint', 'manual', 'erasure')",
            name=op.f("ck_suppressions_reason_vocabulary"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_suppressions_contact_id_contacts"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_suppressions_created_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_suppressions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("user_id", "address_key", "channel", name=op.f("uq_suppressions_user_id_address_key_channel")),
    )
    op.create_index(op.f("ix_suppressions_contact_id"), "suppressions", ["contact_id"], unique=False)
    op.create_index("ix_suppressions_key", "suppressions", ["address_key"], unique=False)
    op.create_index(
        "ix_suppressions_user_created",
        "suppressions",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.add_column("auto_engagement_flows", sa.Column("is_held", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("auto_engagement_flows", sa.Column("max_contacts_per_hour", sa.Integer(), nullable=True))
    op.add_column("channels", sa.Column("breaker_state", sa.String(length=10), server_default="closed", nullable=False))
    op.add_column("channels", sa.Column("breaker_reason", sa.String(length=500), server_default="", nullable=False))
    op.add_column("channels", sa.Column("breaker_opened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("breaker_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("breaker_trips", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_channels_breaker_state_vocabulary"), "channels", "breaker_state IN ('closed', 'open', 'probing')")
    op.create_index(
        "ix_channels_breaker", "channels", ["breaker_until"], unique=False, postgresql_where=sa.text("breaker_state <> 'closed'")
    )
    op.create_index(
        "idx_action_logs_lines",
        "flow_action_logs",
        ["user_id", "channel_id"],
        unique=False,
        postgresql_where=sa.text("status = 'running' AND action_type = 'ai_call'"),
    )
    op.add_column("flow_executions", sa.Column("waiting_rule", sa.String(length=40), nullable=True))
    op.add_column("flow_executions", sa.Column("parked_on", sa.String(length=60), nullable=True))
    op.add_column("flow_executions", sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "idx_executions_parked",
        "flow_executions",
        ["parked_on", "bulk", "parked_at"],
        unique=False,
        postgresql_where=sa.text("parked_on IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("idx_executions_parked", table_name="flow_executions", postgresql_where=sa.text("parked_on IS NOT NULL"))
    op.drop_column("flow_executions", "parked_at")
    op.drop_column("flow_executions", "parked_on")
    op.drop_column("flow_executions", "waiting_rule")
    op.drop_index(
        "idx_action_logs_lines", table_name="flow_action_logs", postgresql_where=sa.text("status = 'running' AND action_type = 'ai_call'")
    )
    op.drop_index("ix_channels_breaker", table_name="channels", postgresql_where=sa.text("breaker_state <> 'closed'"))
    op.drop_column("channels", "breaker_trips")
    op.drop_column("channels", "breaker_until")
    op.drop_column("channels", "breaker_opened_at")
    op.drop_column("channels", "breaker_reason")
    op.drop_column("channels", "breaker_state")
    op.drop_column("auto_engagement_flows", "max_contacts_per_hour")
    op.drop_column("auto_engagement_flows", "is_held")
    op.drop_index("ix_suppressions_user_created", table_name="suppressions")
    op.drop_index("ix_suppressions_key", table_name="suppressions")
    op.drop_index(op.f("ix_suppressions_contact_id"), table_name="suppressions")
    op.drop_table("suppressions")
    op.drop_index(op.f("ix_notification_reads_user_id"), table_name="notification_reads")
    op.drop_table("notification_reads")
    op.drop_index("uq_notifications_open", table_name="notifications", postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_index("ix_notifications_user_time", table_name="notifications")
    op.drop_table("notifications")
    op.drop_table("usage_counters")
    op.drop_table("paces")
