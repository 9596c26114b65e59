"""Bases of request bodies."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Trimmed(Body):
    """A request body whose texts lose the spaces around them."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
