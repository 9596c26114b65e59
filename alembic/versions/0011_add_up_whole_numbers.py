"""A sum of whole numbers that stays one: `sum(bigint)` makes a numeric of each group, which is most of what counting all anew costs."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE AGGREGATE add_up(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE)")


def downgrade() -> None:
    op.execute("DROP AGGREGATE add_up(bigint)")
