"""The account's experiments, and the results of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx

from autoflows.analytics import experiments
from autoflows.analytics.experiments import ExperimentView
from autoflows.domain.errors import Invalid
from autoflows.domain.sequential import SMALLEST_EFFECT
from autoflows.ui import live
from autoflows.ui.address import write_address
from autoflows.ui.experiment_rows import ExperimentCard, card_of, figures_of
from autoflows.ui.states.asked import id_asked
from autoflows.ui.states.base import Base, PageState, choice_of
from autoflows.ui.states.experiment_keep import ExperimentKeep

EFFECTS = {"2": "2 points", "3": "3 points", "5": "5 points", "10": "10 points"}
"""The smallest difference worth finding."""
USUAL = f"{100 * SMALLEST_EFFECT:g}"


class ExperimentsState(ExperimentKeep, PageState, Base):
    """All of them, or the one whose split the address names. `is_gone`: the address names one there is not."""

    live_gap_seconds: ClassVar[float] = 30.0

    cards: list[ExperimentCard] = []
    figures: dict[str, dict[str, Any]] = {}
    effect: str = USUAL
    is_gone: bool = False
    report_links: dict[str, str] = {}
    """Where what is shown is had as a report, by form."""
    _flow: str = ""
    _split: str = ""

    async def _load(self) -> None:
        self._flow, self._split = self._read("flow"), self._read("split")
        try:
            self.effect = choice_of(self._param("effect"), EFFECTS, default=USUAL)
        except Invalid:
            self.effect = USUAL
        live.subscribe(self, live.account_topic((await self._actor()).account_id))
        await self._show()

    def _read(self, name: str) -> str:
        try:
            return id_asked(self._param(name))
        except Invalid:
            return ""

    async def _refresh(self) -> None:
        await self._show()

    async def _show(self) -> None:
        found = (await self._service(experiments.list_experiments, effect=int(self.effect) / 100)).data
        self.cards = [card_of(view) for view in found]
        one = next((view for view in found if self._is_asked(view)), None)
        self.shown = card_of(one) if one else None
        self.figures = figures_of(one) if one else {}
        self.is_gone = one is None and bool(self._split or self._flow)
        asked = {"effect": f"{int(self.effect) / 100:g}"} | ({"flow_id": str(one.flow_id), "split_id": str(one.split_id)} if one else {})
        self.report_links = report_links(asked) if found else {}

    def _is_asked(self, view: ExperimentView) -> bool:
        """A link may name the split, or only its flow."""
        return str(view.split_id) == self._split if self._split else str(view.flow_id) == self._flow

    @rx.event
    async def choose_effect(self, value: str) -> Any:
        """The smallest difference worth finding."""
        self.effect = choice_of(value, EFFECTS, default=USUAL)
        await self._show()
        told = {"split": self._split, "flow": self._flow if not self._split else "", "effect": self.effect if self.effect != USUAL else ""}
        return write_address("&".join(f"{name}={said}" for name, said in told.items() if said))


def report_links(asked: Mapping[str, str]) -> dict[str, str]:
    """Where experiments are had as a report, by form."""
    return {form: f"/api/automation/analytics/experiments/report.{form}?{urlencode(asked)}" for form in ("html", "pdf", "xlsx", "csv")}
