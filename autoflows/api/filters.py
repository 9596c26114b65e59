"""Query parameters several lists share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from autoflows.services.views.bodies import Moment

Since = Annotated[Moment, Query(alias="from", description="not before this time (RFC 3339)")]
Until = Annotated[Moment, Query(alias="to", description="before this time (RFC 3339)")]
Search = Annotated[str, Query(max_length=255, description="name, company, e-mail address, or phone number in any way of writing")]

__all__ = ["Search", "Since", "Until"]
