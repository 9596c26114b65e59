"""What the answers to lists of items share."""

from __future__ import annotations

from pydantic import Field

from autoflows.services.views.masking import View


class BulkItemError(View):
    """Why one item of a bulk was refused."""

    status: int
    title: str
    detail: str
    errors: list[dict[str, str]] = Field(default_factory=list)
