"""What an execution failed by, stored with it so that those of one cause are found together."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from autoflows.engine.pool import Connection

# What only the account can mend comes before what went wrong last: mended once, all of them can be tried again. See domain/causes.py.
NAME = """
UPDATE flow_executions e SET cause = COALESCE((
  SELECT concat_ws('|', l.action_type, COALESCE(l.error_class, l.status), COALESCE(l.channel_id::text, ''), COALESCE(l.error_code, ''))
  FROM flow_action_logs l
  WHERE l.flow_execution_id = e.id AND l.status IN ('failed', 'unknown') AND l.action_type <> 'wait'
  ORDER BY (l.error_class = 'account') IS TRUE DESC, l.action_order DESC, l.attempt DESC LIMIT 1
), '|internal||')
WHERE e.id = ANY($1)
"""


async def name_causes(connection: Connection, execution_ids: Sequence[UUID]) -> None:
    """Note what these executions, which have just failed, failed by."""
    if execution_ids:
        await connection.execute(NAME, list(execution_ids))
