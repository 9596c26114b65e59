"""Audit entries as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class AuditView(BaseModel):
    """Who did what to which thing."""

    id: UUID
    action: str = Field(examples=["flow.updated"])
    entity_type: str = Field(examples=["flow"])
    entity_id: UUID | None
    actor_id: UUID | None
    actor_name: str = Field(description="the person's name or e-mail address; 'System' if nobody acted")
    data: dict[str, Any]
    created_at: datetime
