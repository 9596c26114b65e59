"""Indexes for every order and filter of the list of executions, for finding people by words; saved views of it; last call outcomes."""

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
WAITS = "status = 'running' AND (waiting_rule IS NOT NULL OR waiting_until IS NOT NULL)"
ACTS = "status = 'running' AND waiting_rule IS NULL AND waiting_until IS NULL"
NEWEST = [sa.text("triggered_at DESC")]
SEPARATORS = " \t\r\n,;:@.-_()/\"'"
BLANKS = " " * len(SEPARATORS)


def _words(kind: str, text: str) -> str:
    """SQL: the words of a text, each after the end of the account's id and the letter of their kind."""
    quoted = SEPARATORS.replace("'", "''")
    spaced = f"replace(' ' || translate(lower(btrim({text})), '{quoted}', '{BLANKS}'), ' ', ' ' || right(account::text, 8) || '{kind}')"
    return f"string_to_array(ltrim({spaced}), ' ')"


DIGITS = "translate(coalesce(phone, phone_raw), '+-(). /', '')"
# See services/person_search.py.
PERSON_WORDS = f"""
CREATE FUNCTION person_words(account uuid, name varchar, company varchar, email varchar, phone varchar, phone_raw varchar)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(
  {_words("w", "name || ' ' || company")}
  || CASE WHEN email IS NULL THEN '{{}}'::text[] ELSE {_words("e", "email")} END
  || CASE WHEN phone IS NULL AND phone_raw IS NULL THEN '{{}}'::text[]
     ELSE ARRAY[right(account::text, 8) || 'n' || {DIGITS}, right(account::text, 8) || 'p' || reverse({DIGITS})] END
)
"""
WORDS = "person_words(user_id, name, company, email, phone, phone_raw)"
COMPLETED = "idx_executions_user_completed"
NEW_INDEXES: tuple[tuple[str, str, list[object], str | None], ...] = (
    (
        "idx_executions_source",
        "flow_executions",
        ["user_id", sa.text("lower(metadata ->> 'trigger_source'::text)"), "triggered_at"],
        None,
    ),
    ("idx_executions_outcome", "flow_executions", ["user_id", "last_outcome", *NEWEST], "last_outcome IS NOT NULL"),
    (
        "idx_executions_speed",
        "flow_executions",
        ["user_id", sa.text("(first_attempt_at - lead_at)"), "id", "triggered_at"],
        "first_attempt_at IS NOT NULL",
    ),
    ("idx_executions_untried", "flow_executions", ["user_id", *NEWEST, sa.text("id DESC")], "first_attempt_at IS NULL"),
    ("idx_executions_wakes", "flow_executions", ["user_id", "waiting_until", "id"], "waiting_until IS NOT NULL"),
    ("idx_executions_waiting", "flow_executions", ["user_id", "waiting_rule", "waiting_until"], WAITS),
    ("idx_executions_active", "flow_executions", ["user_id", *NEWEST], ACTS),
    ("idx_action_logs_unknown", "flow_action_logs", ["user_id", "flow_execution_id"], "status = 'unknown'"),
)


def upgrade() -> None:
    op.add_column("flow_executions", sa.Column("last_outcome", sa.String(length=20), nullable=True))
    op.execute(FILL)
    op.create_check_constraint(op.f("ck_flow_executions_last_outcome_vocabulary"), "flow_executions", OUTCOMES)
    op.drop_index("idx_executions_test", table_name="flow_executions")
    op.create_index("idx_executions_test", "flow_executions", ["user_id", *NEWEST], postgresql_where=sa.text("is_test_run"))
    op.drop_index("idx_executions_user_status", table_name="flow_executions")
    by_status = ["user_id", "status", *NEWEST]
    op.create_index("idx_executions_user_status", "flow_executions", by_status, postgresql_include=["is_test_run"])
    op.drop_index(COMPLETED, table_name="flow_executions")
    columns = ["user_id", "completed_at", "id", "triggered_at"]
    op.create_index(COMPLETED, "flow_executions", columns, postgresql_where=sa.text("completed_at IS NOT NULL"))
    for name, table, keys, where in NEW_INDEXES:
        op.create_index(name, table, keys, postgresql_where=sa.text(where) if where else None)
    op.execute(PERSON_WORDS)
    pending = {"gin_pending_list_limit": 512}
    op.create_index("ix_contacts_words", "contacts", [sa.text(WORDS)], postgresql_using="gin", postgresql_with=pending)
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
    op.drop_index("ix_contacts_words", table_name="contacts")
    op.execute("DROP FUNCTION person_words")
    for name, table, _, _ in NEW_INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_index(COMPLETED, table_name="flow_executions")
    op.create_index(COMPLETED, "flow_executions", ["user_id", "completed_at"], postgresql_where=sa.text("completed_at IS NOT NULL"))
    op.drop_index("idx_executions_user_status", table_name="flow_executions")
    op.create_index("idx_executions_user_status", "flow_executions", ["user_id", "status", *NEWEST])
    op.drop_index("idx_executions_test", table_name="flow_executions")
    op.create_index("idx_executions_test", "flow_executions", ["is_test_run"], postgresql_where=sa.text("is_test_run"))
    op.drop_constraint(op.f("ck_flow_executions_last_outcome_vocabulary"), "flow_executions", type_="check")
    op.drop_column("flow_executions", "last_outcome")
