"""Signing in, and who one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator

from autoflows.domain.flow import Strict, check_timezone
from autoflows.domain.permissions import Permission, Role

Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320)]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
Password = Annotated[str, StringConstraints(max_length=1000)]


class SignIn(Strict):
    """E-mail address and password."""

    email: Email = Field(examples=["owner@example.com"])
    password: Password = Field(examples=["correct horse battery"])


class SignedIn(BaseModel):
    """The session's end; the session itself is in the cookie alone."""

    expires_at: datetime
    user: Me


class Setup(Strict):
    """The first owner of an installation that has no users yet."""

    email: Email
    password: Password
    name: PersonName = ""
    timezone: str = "Asia/Kolkata"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return check_timezone(value)


class SetupState(BaseModel):
    """Whether the first owner is still to be made."""

    needed: bool


class Me(BaseModel):
    """The person or token that asks."""

    id: UUID
    account_id: UUID
    email: str
    name: str
    role: Role
    permissions: list[Permission]
    timezone: str
    kind: Literal["session", "token"]


class MeUpdate(Strict):
    """What a person may change of themselves. A new password needs the present one."""

    name: PersonName | None = None
    timezone: str | None = None
    password: Password | None = None
    current_password: Password | None = None

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return check_timezone(value) if value is not None else None


SignedIn.model_rebuild()
