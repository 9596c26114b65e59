"""Flow templates as they are shown and used."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from autoflows.domain.flow import Strict


class NeedView(BaseModel):
    """One thing to choose."""

    key: str = Field(examples=["agent"])
    label: str = Field(examples=["Voice agent"])
    is_optional: bool = Field(description="whether the flow works without it")
    catalogue: str = Field(examples=["agents"], description="where it is chosen from: `/api/<catalogue>`")
    steps: list[int] = Field(description="the steps that use it")


class FlowTemplateView(BaseModel):
    """A ready flow."""

    key: str
    title: str
    summary: str
    icon: str
    group: str
    channels: list[str] = Field(description="what it contacts people by", examples=[["call", "whatsapp"]])
    needs: list[NeedView]
    trigger: str = Field(examples=["When lead source is IndiaMART"])
    steps: list[str] = Field(description="a sentence for each step")
    definition: dict[str, Any] = Field(description="the flow, its gaps left out: for a picture")


class FlowTemplates(BaseModel):
    """The gallery."""

    data: list[FlowTemplateView]


class Instantiate(Strict):
    """What fills a template's gaps; what is left out stays open in the draft."""

    mapping: dict[str, UUID] = Field(default_factory=dict, max_length=50, description="the id chosen for each need")
    values: dict[str, dict[str, Annotated[str, StringConstraints(max_length=1000)]]] = Field(
        default_factory=dict, max_length=50, description="per need of a message template, what its variables are mapped to"
    )
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] | None = Field(
        default=None, description="of the flow; null: the template's title"
    )
