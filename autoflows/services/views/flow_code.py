"""Flows as files, sent and answered."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from autoflows.domain.flow import Strict
from autoflows.domain.flow_diff import Change
from autoflows.domain.problems import Problem
from autoflows.domain.yaml_text import MAX_CHARACTERS
from autoflows.services.views.flows import FlowView


class FlowImport(Strict):
    """A file to make or change a flow by."""

    yaml: str = Field(max_length=MAX_CHARACTERS, description="the file's text")
    flow_id: UUID | None = Field(default=None, description="the flow to change; null: the one of the same name, else a new one")
    dry_run: bool = Field(default=False, description="say what it would do, and do nothing")
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(default="", description="of the version")


class FlowImported(BaseModel):
    """What a file did, or in a dry run would do."""

    dry_run: bool
    is_new: bool
    flow_id: UUID | None
    name: str
    changes: list[Change] = Field(description="against the present version, in words; of a new flow, all there is in it")
    problems: list[Problem]
    flow: FlowView | None = Field(default=None, description="null in a dry run")
