"""API tokens as they are shown and sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from autoflows.domain.flow import Strict


class TokenView(BaseModel):
    """An API token without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="the token's first characters, to tell tokens apart")
    scopes: list[str]
    user_id: UUID = Field(description="whom it acts for")
    user_name: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute")


class TokenCreate(Strict):
    """A new token. Scopes are permissions, such as `contacts:write`; `*` is all that the user's role may do."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(examples=["Website form"])
    scopes: list[str] = Field(min_length=1, max_length=50, examples=[["contacts:write"]])


class TokenCreated(TokenView):
    """A new token with its secret, which is shown this once."""

    token: str = Field(examples=["af_…"])
