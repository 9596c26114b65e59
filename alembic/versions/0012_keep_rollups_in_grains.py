"""Rollups once more for each thing a page can be narrowed to, so that any page reads few rows; histograms of whole days without quarters; and
both images of a change by one statement."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Workers make the figures anew, soon after they start.
RECOUNT = """
INSERT INTO rollup_recounts (user_id) SELECT DISTINCT user_id FROM lead_events UNION SELECT user_id FROM flow_executions
ON CONFLICT DO NOTHING
"""
# Of each table of images, what an image holds of the row `R`, as in 0007.
IMAGES = {
    "changed_executions": {
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
    "changed_action_logs": {
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
}
# The triggers' own conditions say which rows are counted, which no update changes.
NOTE = """
CREATE OR REPLACE FUNCTION note_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO {table} (sign, {columns}) VALUES (1, {new});
  ELSE
    INSERT INTO {table} (sign, {columns}) VALUES (-1, {old}), (1, {new});
  END IF;
  RETURN NULL;
END $$
"""


def _note() -> None:
    for table, image in IMAGES.items():
        old, new = (", ".join(value.replace("R.", f"{row}.") for value in image.values()) for row in ("OLD", "NEW"))
        op.execute(NOTE.format(table=table, columns=", ".join(image), old=old, new=new))


def _create(grains: bool) -> None:
    """Both tables, empty."""
    key = {
        "user_id": sa.Uuid(),
        **({"grain": sa.String(length=7)} if grains else {}),
        "measure": sa.String(length=20),
        "span": sa.String(length=7 if grains else 5),
        "starts_on": sa.Date(),
        "flow_version_id": sa.Uuid(),
        "source": sa.Text(),
        "channel_id": sa.Uuid(),
        "labels": postgresql.ARRAY(sa.Text()),
    }
    amounts = {
        "rollup_sums": {"total": sa.BigInteger(), "slots": postgresql.ARRAY(sa.Integer()), "sums": postgresql.ARRAY(sa.BigInteger())},
        "rollup_spreads": {"places": postgresql.ARRAY(sa.Integer()), "counts": postgresql.ARRAY(sa.BigInteger())},
    }
    for table, columns in amounts.items():
        op.drop_table(table)
        op.create_table(
            table,
            *(sa.Column(name, kind, nullable=False) for name, kind in {**key, **columns}.items()),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        )
    op.execute(RECOUNT)


def upgrade() -> None:
    _create(grains=True)
    _note()


def downgrade() -> None:
    _create(grains=False)  # the triggers write the same images as before
