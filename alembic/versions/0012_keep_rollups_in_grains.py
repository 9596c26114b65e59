"""Rollups once more for each thing a page can be narrowed to, so that any page reads few rows; histograms of whole days without quarters."""

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


def downgrade() -> None:
    _create(grains=False)
