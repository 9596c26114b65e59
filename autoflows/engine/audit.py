"""The audit log as the engine writes it, in the transaction of the act itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from autoflows.engine.pool import Connection
from autoflows.ids import new_id

ADD = """
INSERT INTO audit_log (id, user_id, actor_id, action, entity_type, entity_id, data, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now())
"""


async def note(
    connection: Connection, account_id: UUID, actor_id: UUID | None, action: str, entity_type: str, entity_id: UUID, data: dict[str, Any]
) -> None:
    """Add an entry. `actor_id` is None where no member of the team acted; `data` holds no secrets and nobody's addresses."""
    await connection.execute(ADD, new_id(), account_id, actor_id, action, entity_type, entity_id, data)
