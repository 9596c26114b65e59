"""Drafts of flows with their edit lock; tags and the archive of the flow list."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=True),
        sa.Column("definition", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by", sa.Uuid(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.Uuid(), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(flow_id IS NULL) = (base_version IS NULL)", name=op.f("ck_flow_drafts_of_a_flow_has_base")),
        sa.ForeignKeyConstraint(["edited_by"], ["users.id"], name=op.f("fk_flow_drafts_edited_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["flow_id"],
            ["auto_engagement_flows.id"],
            name=op.f("fk_flow_drafts_flow_id_auto_engagement_flows"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["locked_by"], ["users.id"], name=op.f("fk_flow_drafts_locked_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_flow_drafts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_drafts")),
        sa.UniqueConstraint("flow_id", name=op.f("uq_flow_drafts_flow_id")),
    )
    op.create_index(op.f("ix_flow_drafts_user_id"), "flow_drafts", ["user_id"], unique=False)
    op.add_column("auto_engagement_flows", sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("auto_engagement_flows", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_auto_engagement_flows_archived_is_disabled"), "auto_engagement_flows", "archived_at IS NULL OR NOT is_enabled"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_auto_engagement_flows_archived_is_disabled"), "auto_engagement_flows", type_="check")
    op.drop_column("auto_engagement_flows", "archived_at")
    op.drop_column("auto_engagement_flows", "tags")
    op.drop_index(op.f("ix_flow_drafts_user_id"), table_name="flow_drafts")
    op.drop_table("flow_drafts")
