"""The people of an account as they are shown and sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from autoflows.domain.flow import Strict
from autoflows.domain.permissions import Role
from autoflows.services.views.auth import Email, Password, PersonName


class MemberView(BaseModel):
    """A person of the account."""

    id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    last_login_at: datetime | None
    created_at: datetime


class MemberCreate(Strict):
    """A new member; they sign in with this password and may change it."""

    email: Email = Field(examples=["colleague@example.com"])
    password: Password
    role: Role = Field(description="admin, manager or viewer")
    name: PersonName = ""


class MemberUpdate(Strict):
    """What changes of a member; what is left out stays."""

    name: PersonName | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: Password | None = Field(default=None, description="a new password; ends the member's sessions")
