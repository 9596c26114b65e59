"""A comparison as the rows of its tables: figures with the lists behind them, and differences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from autoflows.analytics.differences import DifferenceView, title_of
from autoflows.analytics.side_words import ALL, Told, difference_texts, side_figures
from autoflows.analytics.sides import SideView
from autoflows.ui.analytics_links import runs_between


class Number(BaseModel):
    """A number with what is told beside it, and the list behind it."""

    text: str
    beside: str = ""
    href: str = ""


class SideRow(BaseModel):
    """One figure of all sides."""

    name: str
    numbers: list[Number]


class DifferenceRow(BaseModel):
    """One difference. `is_clear`: whether it is more than chance would make."""

    key: str
    name: str
    side: str
    difference: str
    interval: str
    is_clear: bool


def _number(side: SideView, told: Told) -> Number:
    is_listed = told.behind is not None and told.text != "0" and not side.is_rest
    more = {} if told.behind in (None, ALL) else {"reached": told.behind}
    return Number(text=told.text, beside=told.beside, href=runs_between(side.since, side.until, side.flow_ids, **more) if is_listed else "")


def side_rows(sides: Sequence[SideView]) -> list[SideRow]:
    """A row per figure, a number per side."""
    return [
        SideRow(name=name, numbers=[_number(side, one) for side, one in zip(sides, told, strict=True)])
        for name, told in side_figures(sides)
    ]


def difference_rows(differences: Sequence[DifferenceView]) -> list[DifferenceRow]:
    """A row per difference."""
    rows = []
    for one in differences:
        difference, interval = difference_texts(one)
        name = title_of(one.metric)
        key = f"{one.metric} {one.label}"
        rows.append(DifferenceRow(key=key, name=name, side=one.label, difference=difference, interval=interval, is_clear=one.is_clear))
    return rows
