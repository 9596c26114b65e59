"""Create the tables."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("timezone", sa.String(length=100), nullable=False),
        sa.Column("default_business_hours", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role = 'owner') = (owner_id IS NULL)", name=op.f("ck_users_owner_has_no_owner")),
        sa.CheckConstraint("role IN ('owner', 'admin', 'manager', 'viewer')", name=op.f("ck_users_role_vocabulary")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_users_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_owner_id"), "users", ["owner_id"], unique=False)
    op.create_index("uq_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("entity_type", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_log_actor_id_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_log_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_account_time", "audit_log", ["user_id", sa.literal_column("created_at DESC")], unique=False)
    op.create_table(
        "auto_engagement_flows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("use_custom_business_hours", sa.Boolean(), nullable=False),
        sa.Column("business_hours_start", sa.Time(), nullable=True),
        sa.Column("business_hours_end", sa.Time(), nullable=True),
        sa.Column("business_hours_timezone", sa.String(length=100), nullable=True),
        sa.Column("business_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("outside_hours", sa.String(length=10), nullable=False),
        sa.Column("exit_rules", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("cooldown_minutes", sa.Integer(), nullable=True),
        sa.Column("on_unknown", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("on_unknown IN ('continue', 'stop')", name=op.f("ck_auto_engagement_flows_on_unknown_vocabulary")),
        sa.CheckConstraint("outside_hours IN ('wait', 'skip')", name=op.f("ck_auto_engagement_flows_outside_hours_vocabulary")),
        sa.CheckConstraint("deleted_at IS NOT NULL OR priority IS NOT NULL", name=op.f("ck_auto_engagement_flows_live_has_priority")),
        sa.CheckConstraint("deleted_at IS NULL OR NOT is_enabled", name=op.f("ck_auto_engagement_flows_deleted_is_disabled")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_auto_engagement_flows_created_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_auto_engagement_flows_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_engagement_flows")),
        sa.UniqueConstraint("user_id", "priority", deferrable=True, initially="IMMEDIATE", name="uq_flows_user_priority"),
    )
    op.create_index(
        "idx_flows_priority", "auto_engagement_flows", ["user_id", "priority"], unique=False, postgresql_where=sa.text("is_enabled")
    )
    op.create_index("idx_flows_user_enabled", "auto_engagement_flows", ["user_id", "is_enabled"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("status_detail", sa.String(length=500), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhook_secret", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "provider IN ('bolna', 'whatsapp_cloud', 'smtp', 'twilio_sms', 'webhook')", name=op.f("ck_channels_provider_vocabulary")
        ),
        sa.CheckConstraint("status IN ('unchecked', 'active', 'error', 'disabled')", name=op.f("ck_channels_status_vocabulary")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_channels_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_channels_user_id_name")),
        sa.UniqueConstraint("webhook_secret", name=op.f("uq_channels_webhook_secret")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("phone_raw", sa.String(length=100), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("company", sa.String(length=255), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("other_phones", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("other_emails", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("timezone", sa.String(length=100), nullable=True),
        sa.Column("consent", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("lead_source", sa.String(length=100), nullable=False),
        sa.Column("entry_type", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "entry_type IN ('email', 'upload', 'integration', 'api', 'manual')", name=op.f("ck_contacts_entry_type_vocabulary")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_contacts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index("ix_contacts_tags", "contacts", ["tags"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_contacts_user_created",
        "contacts",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("uq_contacts_user_email", "contacts", ["user_id", "email"], unique=True, postgresql_where=sa.text("email IS NOT NULL"))
    op.create_index("uq_contacts_user_phone", "contacts", ["user_id", "phone"], unique=True, postgresql_where=sa.text("phone IS NOT NULL"))
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip_address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("provider_agent_id", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_agents_channel_id_channels"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agents_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("channel_id", "provider_agent_id", name=op.f("uq_agents_channel_id_provider_agent_id")),
    )
    op.create_index(op.f("ix_agents_user_id"), "agents", ["user_id"], unique=False)
    op.create_table(
        "email_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=998), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_email_templates_channel_id_channels"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_email_templates_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_templates")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_email_templates_user_id_name")),
    )
    op.create_index(op.f("ix_email_templates_user_id"), "email_templates", ["user_id"], unique=False)
    op.create_table(
        "flow_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("action_order", sa.Integer(), nullable=False),
        sa.Column("action_type", sa.String(length=50), nullable=False),
        sa.Column("action_config", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("condition_type", sa.String(length=50), nullable=True),
        sa.Column("condition_value", sa.String(length=255), nullable=True),
        sa.Column("condition_field", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action_type IN ('ai_call', 'whatsapp_message', 'email', 'wait', 'sms', 'webhook', 'update_contact', 'notify_team')",
            name=op.f("ck_flow_actions_action_type_vocabulary"),
        ),
        sa.CheckConstraint(
            "condition_type IS NULL OR condition_type IN ('always', 'call_outcome', 'message_status', 'contact_field')",
            name=op.f("ck_flow_actions_condition_type_vocabulary"),
        ),
        sa.CheckConstraint("action_order >= 1", name=op.f("ck_flow_actions_action_order_positive")),
        sa.ForeignKeyConstraint(
            ["flow_id"], ["auto_engagement_flows.id"], name=op.f("fk_flow_actions_flow_id_auto_engagement_flows"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_actions")),
        sa.UniqueConstraint("flow_id", "action_order", deferrable=True, initially="IMMEDIATE", name="uq_flow_actions_flow_order"),
    )
    op.create_table(
        "flow_trigger_conditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("condition_type", sa.String(length=50), nullable=False),
        sa.Column("condition_operator", sa.String(length=20), nullable=False),
        sa.Column("condition_value", sa.String(length=255), nullable=True),
        sa.Column("condition_field", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "condition_operator IN ('equals', 'not_equals', 'contains', 'any', 'in', 'exists', 'starts_with', 'greater_than', 'less_than')",
            name=op.f("ck_flow_trigger_conditions_condition_operator_vocabulary"),
        ),
        sa.CheckConstraint(
            "condition_type IN ('lead_source', 'entry_type', 'custom_field', 'tag', 'contact_field')",
            name=op.f("ck_flow_trigger_conditions_condition_type_vocabulary"),
        ),
        sa.ForeignKeyConstraint(
            ["flow_id"],
            ["auto_engagement_flows.id"],
            name=op.f("fk_flow_trigger_conditions_flow_id_auto_engagement_flows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_trigger_conditions")),
    )
    op.create_index("idx_conditions_flow", "flow_trigger_conditions", ["flow_id", "position"], unique=False)
    op.create_table(
        "flow_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_flow_versions_created_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["flow_id"], ["auto_engagement_flows.id"], name=op.f("fk_flow_versions_flow_id_auto_engagement_flows"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_versions")),
        sa.UniqueConstraint("flow_id", "version", name=op.f("uq_flow_versions_flow_id_version")),
    )
    op.create_table(
        "lead_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lead_source", sa.String(length=100), nullable=False),
        sa.Column("entry_type", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposition", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("trace", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("(disposition = 'enrolled') = (execution_id IS NOT NULL)", name=op.f("ck_lead_events_enrolled_has_execution")),
        sa.CheckConstraint("(disposition = 'queued') = (due_at IS NOT NULL)", name=op.f("ck_lead_events_queued_is_due")),
        sa.CheckConstraint(
            "disposition IN ('queued', 'enrolled', 'no_match', 'blocked_dnc', 'blocked_consent', 'cooldown', 'invalid', 'duplicate', 'outside_hours', 'paused', 'quota', 'error')",
            name=op.f("ck_lead_events_disposition_vocabulary"),
        ),
        sa.CheckConstraint(
            "entry_type IN ('email', 'upload', 'integration', 'api', 'manual')", name=op.f("ck_lead_events_entry_type_vocabulary")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_lead_events_contact_id_contacts"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_lead_events_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_events")),
    )
    op.create_index("ix_lead_events_contact", "lead_events", ["contact_id", sa.literal_column("received_at DESC")], unique=False)
    op.create_index(
        "ix_lead_events_due", "lead_events", ["bulk", "due_at"], unique=False, postgresql_where=sa.text("disposition = 'queued'")
    )
    op.create_index(
        "ix_lead_events_user_disposition", "lead_events", ["user_id", "disposition", sa.literal_column("received_at DESC")], unique=False
    )
    op.create_index(
        "ix_lead_events_user_received",
        "lead_events",
        ["user_id", sa.literal_column("received_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_lead_events_idempotency_key",
        "lead_events",
        ["user_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "uq_lead_events_source_id",
        "lead_events",
        ["user_id", "lead_source", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_table(
        "phone_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_phone_numbers_channel_id_channels"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_phone_numbers_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint("channel_id", "phone_number", name=op.f("uq_phone_numbers_channel_id_phone_number")),
    )
    op.create_index(op.f("ix_phone_numbers_user_id"), "phone_numbers", ["user_id"], unique=False)
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("provider_event_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("provider_ref", sa.String(length=255), nullable=True),
        sa.Column("action_log_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("event", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_provider_events_channel_id_channels"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("channel_id", "provider_event_id", name=op.f("uq_provider_events_channel_id_provider_event_id")),
    )
    op.create_index("ix_provider_events_log", "provider_events", ["action_log_id"], unique=False)
    op.create_index(
        "ix_provider_events_unclaimed",
        "provider_events",
        ["channel_id", "provider_ref"],
        unique=False,
        postgresql_where=sa.text("action_log_id IS NULL"),
    )
    op.create_table(
        "whatsapp_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("provider_number_id", sa.String(length=100), nullable=False),
        sa.Column("display_number", sa.String(length=40), nullable=False),
        sa.Column("verified_name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_whatsapp_numbers_channel_id_channels"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_whatsapp_numbers_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_numbers")),
        sa.UniqueConstraint("channel_id", "provider_number_id", name=op.f("uq_whatsapp_numbers_channel_id_provider_number_id")),
    )
    op.create_index(op.f("ix_whatsapp_numbers_user_id"), "whatsapp_numbers", ["user_id"], unique=False)
    op.create_table(
        "whatsapp_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("variables", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("named_parameters", sa.Boolean(), nullable=False),
        sa.Column("components", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("provider_template_id", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_whatsapp_templates_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_whatsapp_templates_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_templates")),
        sa.UniqueConstraint("channel_id", "name", "language", name=op.f("uq_whatsapp_templates_channel_id_name_language")),
    )
    op.create_index(op.f("ix_whatsapp_templates_user_id"), "whatsapp_templates", ["user_id"], unique=False)
    op.create_table(
        "flow_executions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("flow_version_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("lead_event_id", sa.Uuid(), nullable=True),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("current_action_step", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("is_test_run", sa.Boolean(), nullable=False),
        sa.Column("bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("waiting_reason", sa.String(length=500), nullable=True),
        sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_conversation_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'running') = (due_at IS NOT NULL)", name=op.f("ck_flow_executions_running_is_due")),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed', 'cancelled', 'skipped')", name=op.f("ck_flow_executions_status_vocabulary")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_flow_executions_contact_id_contacts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["flow_id"], ["auto_engagement_flows.id"], name=op.f("fk_flow_executions_flow_id_auto_engagement_flows"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["flow_version_id"], ["flow_versions.id"], name=op.f("fk_flow_executions_flow_version_id_flow_versions"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_flow_executions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_executions")),
    )
    op.create_index("idx_executions_contact", "flow_executions", ["contact_id", sa.literal_column("triggered_at DESC")], unique=False)
    op.create_index(
        "idx_executions_due", "flow_executions", ["bulk", "due_at"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index("idx_executions_flow", "flow_executions", ["flow_id", sa.literal_column("triggered_at DESC")], unique=False)
    op.create_index("idx_executions_test", "flow_executions", ["is_test_run"], unique=False, postgresql_where=sa.text("is_test_run"))
    op.create_index(
        "idx_executions_user_status", "flow_executions", ["user_id", "status", sa.literal_column("triggered_at DESC")], unique=False
    )
    op.create_index(
        "idx_executions_user_time",
        "flow_executions",
        ["user_id", sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_executions_one_live",
        "flow_executions",
        ["flow_id", "contact_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running' AND NOT is_test_run"),
    )
    op.create_table(
        "flow_action_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow_execution_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=True),
        sa.Column("action_type", sa.String(length=50), nullable=False),
        sa.Column("action_order", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("provider_ref", sa.String(length=255), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("message_state", sa.String(length=20), nullable=True),
        sa.Column("error_class", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.String(length=255), nullable=True),
        sa.Column("result_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("gates", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("cost_amount", sa.BigInteger(), nullable=True),
        sa.Column("cost_currency", sa.String(length=3), nullable=True),
        sa.CheckConstraint(
            "action_type IN ('ai_call', 'whatsapp_message', 'email', 'wait', 'sms', 'webhook', 'update_contact', 'notify_team')",
            name=op.f("ck_flow_action_logs_action_type_vocabulary"),
        ),
        sa.CheckConstraint(
            "error_class IS NULL OR error_class IN ('transient', 'permanent', 'account', 'lead')",
            name=op.f("ck_flow_action_logs_error_class_vocabulary"),
        ),
        sa.CheckConstraint(
            "message_state IS NULL OR message_state IN ('queued', 'sent', 'delivered', 'read', 'replied', 'failed')",
            name=op.f("ck_flow_action_logs_message_state_vocabulary"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('answered', 'missed', 'busy', 'failed', 'voicemail', 'unknown')",
            name=op.f("ck_flow_action_logs_outcome_vocabulary"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'success', 'failed', 'skipped', 'unknown', 'cancelled')",
            name=op.f("ck_flow_action_logs_status_vocabulary"),
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_flow_action_logs_channel_id_channels"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_flow_action_logs_contact_id_contacts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["flow_execution_id"],
            ["flow_executions.id"],
            name=op.f("fk_flow_action_logs_flow_execution_id_flow_executions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_flow_action_logs_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_action_logs")),
        sa.UniqueConstraint(
            "flow_execution_id", "action_order", "attempt", name=op.f("uq_flow_action_logs_flow_execution_id_action_order_attempt")
        ),
    )
    op.create_index("idx_action_logs_contact", "flow_action_logs", ["contact_id", "started_at"], unique=False)
    op.create_index(
        "idx_action_logs_provider",
        "flow_action_logs",
        ["channel_id", "provider_ref"],
        unique=False,
        postgresql_where=sa.text("provider_ref IS NOT NULL"),
    )
    op.create_index("idx_action_logs_status", "flow_action_logs", ["status", "started_at"], unique=False)
    op.create_index("idx_action_logs_user_time", "flow_action_logs", ["user_id", "started_at"], unique=False)


def downgrade() -> None:
    op.drop_index("idx_action_logs_user_time", table_name="flow_action_logs")
    op.drop_index("idx_action_logs_status", table_name="flow_action_logs")
    op.drop_index("idx_action_logs_provider", table_name="flow_action_logs", postgresql_where=sa.text("provider_ref IS NOT NULL"))
    op.drop_index("idx_action_logs_contact", table_name="flow_action_logs")
    op.drop_table("flow_action_logs")
    op.drop_index(
        "uq_executions_one_live", table_name="flow_executions", postgresql_where=sa.text("status = 'running' AND NOT is_test_run")
    )
    op.drop_index("idx_executions_user_time", table_name="flow_executions")
    op.drop_index("idx_executions_user_status", table_name="flow_executions")
    op.drop_index("idx_executions_test", table_name="flow_executions", postgresql_where=sa.text("is_test_run"))
    op.drop_index("idx_executions_flow", table_name="flow_executions")
    op.drop_index("idx_executions_due", table_name="flow_executions", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("idx_executions_contact", table_name="flow_executions")
    op.drop_table("flow_executions")
    op.drop_index(op.f("ix_whatsapp_templates_user_id"), table_name="whatsapp_templates")
    op.drop_table("whatsapp_templates")
    op.drop_index(op.f("ix_whatsapp_numbers_user_id"), table_name="whatsapp_numbers")
    op.drop_table("whatsapp_numbers")
    op.drop_index("ix_provider_events_unclaimed", table_name="provider_events", postgresql_where=sa.text("action_log_id IS NULL"))
    op.drop_index("ix_provider_events_log", table_name="provider_events")
    op.drop_table("provider_events")
    op.drop_index(op.f("ix_phone_numbers_user_id"), table_name="phone_numbers")
    op.drop_table("phone_numbers")
    op.drop_index("uq_lead_events_source_id", table_name="lead_events", postgresql_where=sa.text("external_id IS NOT NULL"))
    op.drop_index("uq_lead_events_idempotency_key", table_name="lead_events", postgresql_where=sa.text("idempotency_key IS NOT NULL"))
    op.drop_index("ix_lead_events_user_received", table_name="lead_events")
    op.drop_index("ix_lead_events_user_disposition", table_name="lead_events")
    op.drop_index("ix_lead_events_due", table_name="lead_events", postgresql_where=sa.text("disposition = 'queued'"))
    op.drop_index("ix_lead_events_contact", table_name="lead_events")
    op.drop_table("lead_events")
    op.drop_table("flow_versions")
    op.drop_index("idx_conditions_flow", table_name="flow_trigger_conditions")
    op.drop_table("flow_trigger_conditions")
    op.drop_table("flow_actions")
    op.drop_index(op.f("ix_email_templates_user_id"), table_name="email_templates")
    op.drop_table("email_templates")
    op.drop_index(op.f("ix_agents_user_id"), table_name="agents")
    op.drop_table("agents")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("uq_contacts_user_phone", table_name="contacts", postgresql_where=sa.text("phone IS NOT NULL"))
    op.drop_index("uq_contacts_user_email", table_name="contacts", postgresql_where=sa.text("email IS NOT NULL"))
    op.drop_index("ix_contacts_user_created", table_name="contacts")
    op.drop_index("ix_contacts_tags", table_name="contacts", postgresql_using="gin")
    op.drop_table("contacts")
    op.drop_table("channels")
    op.drop_index("idx_flows_user_enabled", table_name="auto_engagement_flows")
    op.drop_index("idx_flows_priority", table_name="auto_engagement_flows", postgresql_where=sa.text("is_enabled"))
    op.drop_table("auto_engagement_flows")
    op.drop_index("ix_audit_log_account_time", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("uq_users_email_lower", table_name="users")
    op.drop_index(op.f("ix_users_owner_id"), table_name="users")
    op.drop_table("users")
