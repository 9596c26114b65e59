"""Rollups for the analytics, kept from images of what changes; where the time to the first attempt goes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STAMP = sa.DateTime(timezone=True)

# Of each raw table: the table of its images, and what an image holds, column by column, of the row `R`.
IMAGES = {
    "flow_executions": (
        "changed_executions",
        {
            "user_id": "R.user_id",
            "flow_version_id": "R.flow_version_id",
            "lead_event_id": "R.lead_event_id",
            "source": "COALESCE(R.metadata->>'trigger_source', '')",
            "status": "R.status",
            "triggered_at": "R.triggered_at",
            "completed_at": "R.completed_at",
            "lead_at": "R.lead_at",
            "first_attempt_at": "R.first_attempt_at",
            "first_conversation_at": "R.first_conversation_at",
            "first_channel_id": "R.first_channel_id",
            "held_hours": "R.held_hours",
            "held_capacity": "R.held_capacity",
            "held_wait": "R.held_wait",
        },
    ),
    "flow_action_logs": (
        "changed_action_logs",
        {
            "user_id": "R.user_id",
            "flow_execution_id": "R.flow_execution_id",
            "flow_version_id": "R.flow_version_id",
            "channel_id": "R.channel_id",
            "action_type": "R.action_type",
            "action_order": "R.action_order",
            "attempt": "R.attempt",
            "started_at": "R.started_at",
            "answered_at": "R.answered_at",
            "status": "R.status",
            "outcome": "R.outcome",
            "message_state": "R.message_state",
            "reason": "CASE R.status WHEN 'skipped' THEN COALESCE(R.gates->-1->>'gate', '') "
            "WHEN 'failed' THEN COALESCE(R.error_code, R.error_class, '') ELSE '' END",
            "cost_amount": "R.cost_amount",
            "cost_currency": "R.cost_currency",
        },
    ),
    "lead_events": (
        "changed_lead_events",
        {"user_id": "R.user_id", "source": "R.lead_source", "disposition": "R.disposition", "received_at": "R.received_at"},
    ),
}
# When a row is counted at all, and which changes a figure can see.
COUNTED = {"flow_executions": "NOT R.is_test_run", "flow_action_logs": "true", "lead_events": "R.disposition <> 'enrolled'"}
SEEN = {
    "flow_executions": "NOT NEW.is_test_run AND (OLD.status, OLD.flow_version_id, OLD.completed_at, OLD.first_attempt_at, "
    "OLD.first_conversation_at, OLD.first_channel_id) IS DISTINCT FROM (NEW.status, NEW.flow_version_id, NEW.completed_at, "
    "NEW.first_attempt_at, NEW.first_conversation_at, NEW.first_channel_id)",
    "flow_action_logs": "(OLD.status, OLD.outcome, OLD.message_state, OLD.answered_at, OLD.channel_id, OLD.cost_amount, OLD.cost_currency, "
    "OLD.error_code, OLD.error_class, OLD.flow_version_id, OLD.action_order, OLD.started_at) IS DISTINCT FROM (NEW.status, NEW.outcome, "
    "NEW.message_state, NEW.answered_at, NEW.channel_id, NEW.cost_amount, NEW.cost_currency, NEW.error_code, NEW.error_class, "
    "NEW.flow_version_id, NEW.action_order, NEW.started_at)",
    "lead_events": "OLD.disposition IS DISTINCT FROM NEW.disposition",
}
VERSION_OF_LOG = """
CREATE FUNCTION version_of_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  SELECT flow_version_id INTO NEW.flow_version_id FROM flow_executions WHERE id = NEW.flow_execution_id;
  RETURN NEW;
END $$
"""
RECOUNT = """
CREATE FUNCTION rollup_recount() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO rollup_recounts (user_id) SELECT DISTINCT user_id FROM gone ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""


def _image(table: str, row: str) -> str:
    into, columns = IMAGES[table]
    values = ", ".join(value.replace("R.", f"{row}.") for value in columns.values())
    return f"INSERT INTO {into} (sign, {', '.join(columns)}) SELECT {-1 if row == 'OLD' else 1}, {values}"


def _where(table: str, row: str) -> str:
    return COUNTED[table].replace("R.", f"{row}.")


def _keep_images(table: str) -> None:
    note = IMAGES[table][0].replace("changed_", "note_changed_")
    op.execute(
        f"CREATE FUNCTION {note}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF TG_OP = 'UPDATE' AND {_where(table, 'OLD')} THEN {_image(table, 'OLD')}; END IF;\n"
        f"  IF {_where(table, 'NEW')} THEN {_image(table, 'NEW')}; END IF;\n"
        f"  RETURN NULL;\nEND $$"
    )
    op.execute(f"CREATE TRIGGER rollup_insert AFTER INSERT ON {table} FOR EACH ROW WHEN ({_where(table, 'NEW')}) EXECUTE FUNCTION {note}()")
    op.execute(f"CREATE TRIGGER rollup_update AFTER UPDATE ON {table} FOR EACH ROW WHEN ({SEEN[table]}) EXECUTE FUNCTION {note}()")
    op.execute(
        f"CREATE TRIGGER rollup_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
        "FOR EACH STATEMENT EXECUTE FUNCTION rollup_recount()"
    )


def _key() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("flow_version_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
    ]


KEY = ("user_id", "measure", "span", "starts_on", "flow_version_id", "source", "channel_id", "labels")


def upgrade() -> None:
    for name in ("held_hours", "held_capacity", "held_wait"):
        op.add_column("flow_executions", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("flow_executions", sa.Column("held_by", sa.String(length=10), nullable=True))
    op.add_column("flow_executions", sa.Column("held_since", STAMP, nullable=True))
    op.add_column("flow_executions", sa.Column("first_channel_id", sa.Uuid(), nullable=True))
    op.add_column("flow_action_logs", sa.Column("flow_version_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE flow_action_logs l SET flow_version_id = e.flow_version_id FROM flow_executions e WHERE e.id = l.flow_execution_id")
    op.execute(
        "UPDATE flow_executions e SET first_channel_id = l.channel_id FROM flow_action_logs l "
        "WHERE l.flow_execution_id = e.id AND l.started_at = e.first_attempt_at AND l.channel_id IS NOT NULL"
    )
    op.alter_column("flow_action_logs", "flow_version_id", nullable=False)
    op.create_table(
        "rollup_sums",
        *_key(),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("slots", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("sums", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_rollup_sums")),
    )
    op.create_table(
        "rollup_spreads",
        *_key(),
        sa.Column("places", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("counts", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_rollup_spreads")),
    )
    op.create_table(
        "rollup_recounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_rollup_recounts")),
    )
    op.create_table(
        "changed_executions",
        sa.Column("sign", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("flow_version_id", sa.Uuid(), nullable=False),
        sa.Column("lead_event_id", sa.Uuid()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("triggered_at", STAMP, nullable=False),
        sa.Column("completed_at", STAMP),
        sa.Column("lead_at", STAMP, nullable=False),
        sa.Column("first_attempt_at", STAMP),
        sa.Column("first_conversation_at", STAMP),
        sa.Column("first_channel_id", sa.Uuid()),
        sa.Column("held_hours", sa.BigInteger(), nullable=False),
        sa.Column("held_capacity", sa.BigInteger(), nullable=False),
        sa.Column("held_wait", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "changed_action_logs",
        sa.Column("sign", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("flow_execution_id", sa.Uuid(), nullable=False),
        sa.Column("flow_version_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid()),
        sa.Column("action_type", sa.Text(), nullable=False),
        sa.Column("action_order", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", STAMP, nullable=False),
        sa.Column("answered_at", STAMP),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("message_state", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cost_amount", sa.BigInteger()),
        sa.Column("cost_currency", sa.Text()),
    )
    op.create_table(
        "changed_lead_events",
        sa.Column("sign", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("received_at", STAMP, nullable=False),
    )
    op.execute(VERSION_OF_LOG)
    op.execute(
        "CREATE TRIGGER version_of_log BEFORE INSERT ON flow_action_logs FOR EACH ROW WHEN (NEW.flow_version_id IS NULL) "
        "EXECUTE FUNCTION version_of_log()"
    )
    op.execute(RECOUNT)
    for table in IMAGES:
        _keep_images(table)
    # Workers make the figures of what is there already, soon after they start.
    op.execute("INSERT INTO rollup_recounts (user_id) SELECT DISTINCT user_id FROM lead_events UNION SELECT user_id FROM flow_executions")


def downgrade() -> None:
    for table, (into, _) in IMAGES.items():
        for trigger in ("rollup_insert", "rollup_update", "rollup_delete"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute(f"DROP FUNCTION {into.replace('changed_', 'note_changed_')}()")
    op.execute("DROP TRIGGER version_of_log ON flow_action_logs")
    op.execute("DROP FUNCTION rollup_recount()")
    op.execute("DROP FUNCTION version_of_log()")
    for table in ("changed_lead_events", "changed_action_logs", "changed_executions", "rollup_recounts", "rollup_spreads", "rollup_sums"):
        op.drop_table(table)
    op.drop_column("flow_action_logs", "flow_version_id")
    for name in ("first_channel_id", "held_since", "held_by", "held_wait", "held_capacity", "held_hours"):
        op.drop_column("flow_executions", name)
