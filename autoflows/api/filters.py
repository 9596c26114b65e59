"""Query parameters several lists share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator


def _utc(moment: datetime | None) -> datetime | None:
    """Times without a zone are UTC, as everywhere in the API."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


Moment = Annotated[datetime | None, AfterValidator(_utc)]
Since = Annotated[Moment, Query(alias="from", description="not before this time (RFC 3339)")]
Until = Annotated[Moment, Query(alias="to", description="before this time (RFC 3339)")]
Search = Annotated[str, Query(max_length=255, description="name, company, e-mail address, or phone number in any way of writing")]

__all__ = ["Search", "Since", "Until"]
