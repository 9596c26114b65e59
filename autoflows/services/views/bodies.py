"""Bases of request bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _utc(moment: datetime | None) -> datetime | None:
    """Times without a zone are UTC, as everywhere in the API."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


Moment = Annotated[datetime | None, AfterValidator(_utc)]


class Body(BaseModel):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Trimmed(Body):
    """A request body whose texts lose the spaces around them."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
