"""Ending a test: one arm is kept, as a draft of the flow that is looked at before it is published."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.flow_words import joined
from autoflows.services import drafts, flows
from autoflows.services.views.drafts import KeepArm
from autoflows.ui.experiment_rows import ArmRow, ExperimentCard
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.base import PageState, id_of, text_of


class Keeping(BaseModel):
    """The question before an arm is kept. `revision` is of the flow's unpublished changes; 0: it has none."""

    flow_id: str
    split_id: str
    arm: str
    meaning: list[str]
    draft_by: str = ""
    draft_at: str = ""
    revision: int = 0


class ExperimentKeep(PageState, mixin=True):
    """`keeping` is what is asked, while it is."""

    shown: ExperimentCard | None = None
    keeping: Keeping | None = None
    keep_problem: str = ""

    def _close_dialogs(self) -> None:
        self.keeping = None

    @rx.event
    async def ask_keep(self, arm: str) -> None:
        """Say what keeping an arm means; what runs, and what is not published, is looked up anew."""
        card, name = self.shown, text_of(arm, 40)
        if card is None or name not in [one.name for one in card.arms if one.may_keep]:
            raise Invalid("This arm cannot be kept: the test has no such arm with contact any more.")
        flow = await self._service(flows.get_flow, id_of(card.flow_id))
        asked = Keeping(
            flow_id=card.flow_id, split_id=card.id, arm=name, meaning=meaning_of_keeping(card.arms, name, flow.running_executions)
        )
        if flow.draft is not None:
            draft = await self._service(drafts.get_draft, flow.draft.id)
            told = {"draft_by": draft.edited_by_name, "draft_at": draft.edited_at.isoformat(), "revision": draft.revision}
            asked = asked.model_copy(update=told)
        self.keeping, self.keep_problem = asked, ""

    @rx.event
    async def close_keep(self, is_open: bool) -> None:
        """Go on with the test."""
        if not is_open:
            self.keeping = None

    @rx.event
    async def keep(self) -> Any:
        """Make the draft, and look at it before it is published."""
        if self.keeping is None:
            return None
        asked = self.keeping
        try:
            order = KeepArm(arm=asked.arm, revision=asked.revision or None)
            await self._service(drafts.keep_arm_as_draft, UUID(asked.flow_id), UUID(asked.split_id), order)
        except (Conflict, Invalid, NotFound) as error:
            self.keep_problem = " ".join([error.detail, *(item.detail for item in error.errors)])
            return None
        self.keeping = None
        return rx.redirect(f"{FLOWS}/{asked.flow_id}/edit?review=1")


def meaning_of_keeping(arms: list[ArmRow], kept: str, running: int) -> list[str]:
    """What becomes of the steps, of what runs, of the hold-out and of the test, a sentence or two each. Pure."""
    others = [f"“{arm.name}”" for arm in arms if arm.name != kept and arm.is_there and not arm.is_holdout]
    holdout = next((arm.name for arm in arms if arm.is_holdout), "")
    gone = f"The split goes, and with it the steps of {joined(others)}" if others else "The split goes"
    runs = {
        0: "Nothing runs in the flow now.",
        1: "1 execution runs now. It finishes on the version it began with, in its arm; when you publish you can choose otherwise.",
    }
    said = [
        f"{gone}. The steps of “{kept}” stay, and everybody takes them.",
        runs.get(
            running,
            f"{running:,} executions run now. They finish on the version they began with, each in its arm; when you publish you can "
            "choose otherwise.",
        ),
    ]
    if holdout:
        said.append(
            f"“{holdout}” is the hold-out. Who is in it gets no contact in the execution that runs; once the draft is published nobody is "
            "held out any more, and who comes again is contacted like everybody."
        )
    return [*said, "Once it is published the test is not listed here any more. Keep a report of this page if you want its figures."]
