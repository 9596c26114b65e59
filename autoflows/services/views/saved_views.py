"""Saved views of the list of executions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from autoflows.services.views.masking import Mask, View, as_is, scrub

Name = Annotated[str, Field(min_length=1, max_length=60, examples=["Held by hours"])]


def _without_addresses(wanted: Any) -> Any:
    """A filter without what it searches for, where that is somebody's number or address."""
    return wanted.model_copy(update={"search": scrub(wanted.search)})


class SavedViewView(View):
    """A filter and an order under a name. `is_mine`: the reader's own; `may_change`: whether they may change it."""

    id: UUID
    name: str
    is_shared: bool
    is_mine: bool
    may_change: bool
    owner_name: str
    filter: ExecutionFilter
    sort: ExecutionSort
    created_at: datetime
    updated_at: datetime

    personal: ClassVar[dict[str, Mask]] = {"filter": _without_addresses, "sort": as_is}


class SavedViewCreate(Trimmed):
    """A new view. Your names are your own: two people may each have a view of one name."""

    name: Name
    is_shared: bool = Field(default=False, description="whether all of the team see it")
    filter: ExecutionFilter = Field(default_factory=ExecutionFilter)
    sort: ExecutionSort = ExecutionSort.NEWEST


class SavedViewChange(Trimmed):
    """What is sent is changed; the filter as a whole."""

    name: Name | None = None
    is_shared: bool | None = None
    filter: ExecutionFilter | None = None
    sort: ExecutionSort | None = None
