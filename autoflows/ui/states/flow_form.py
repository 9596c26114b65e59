"""The create and edit page of a flow: load, edit the settings, save, and put every finding where it belongs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import ValidationError

from autoflows.domain.errors import FieldError, Forbidden, Invalid
from autoflows.domain.flow import FlowDefinition, OnUnknown, OutsideHours
from autoflows.services import flow_control, flows, settings
from autoflows.services.validation import invalid
from autoflows.services.views.flows import FlowCreate, FlowUpdate, FlowView
from autoflows.ui import words
from autoflows.ui.flow_draft import action_body, chosen, condition_body, condition_of, step_of
from autoflows.ui.flow_examples import EXAMPLES
from autoflows.ui.flow_findings import Finding, finding, placed, said
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, text_of
from autoflows.ui.states.flow_choices import choices_of
from autoflows.ui.states.flow_rows import FlowRows

LIST = "/dashboard/auto-engagement"

TEXTS = (
    "name",
    "description",
    "priority",
    "opens",
    "closes",
    "zone",
    "exit_tag",
    "exit_field",
    "exit_value",
    "cooldown_minutes",
    "per_hour",
)
SWITCHES = ("is_enabled", "custom_hours", "exit_on_answered", "exit_on_reply")


class FlowForm(FlowRows, PageState, Base):
    """One flow being edited. `flow_id` is empty while it is a new one; `form_key` changes whenever the fields are filled anew."""

    flow_id: str = ""
    version: int = 0
    form_key: int = 0
    running: int = 0

    name: str = ""
    description: str = ""
    is_enabled: bool = False
    priority: str = ""
    custom_hours: bool = False
    days: list[int] = [1, 2, 3, 4, 5, 6]
    opens: str = "09:00"
    closes: str = "19:00"
    zone: str = "Asia/Kolkata"
    outside_hours: str = "wait"
    exit_on_answered: bool = True
    exit_on_reply: bool = True
    exit_tag: str = ""
    exit_field: str = ""
    exit_value: str = ""
    per_hour: str = ""
    is_held: bool = False
    cooldown_minutes: str = ""
    on_unknown: str = "continue"

    default_hours: str = ""
    default_cooldown: int = 60
    findings: list[Finding] = []

    _shown: str = ""

    @rx.var
    def heading(self) -> str:
        """The page's title."""
        return (self.name or "Untitled flow") if self.flow_id else "New flow"

    @rx.var
    def trigger_sentence(self) -> str:
        """The conditions in words."""
        return words.trigger_in_words(condition_body(c) for c in self.conditions)

    @rx.var
    def hours_sentence(self) -> str:
        """When contacts may be made, in words."""
        outside = "other times wait for the opening" if self.outside_hours == OutsideHours.WAIT else "other times skip the step"
        if self.custom_hours:
            return f"Contacts {words.days_in_words(self.days)}, {self.opens}–{self.closes} {self.zone}; {outside}."
        return f"{self.default_hours} {outside.capitalize()}." if self.default_hours.startswith("Account") else self.default_hours

    async def _load(self) -> None:
        flow_id = self._asked_for()
        asked = f"{flow_id}?{self._param('example')}"
        if self.dirty and asked == self._shown:
            return  # a reconnection: what was typed stays
        self._shown = asked
        self.choices = await choices_of(self)
        await self._load_defaults()
        if flow_id:
            self._fill(await self._service(flows.get_flow, id_of(flow_id)))
        else:
            self._fill_new(self._param("example"))
        await self._check()

    def _asked_for(self) -> str:
        parts = [p for p in self.router.url.path.split("/") if p]
        return parts[-2] if parts[-1:] == ["edit"] else ""

    async def _load_defaults(self) -> None:
        try:
            account = await self._service(settings.get_settings)
        except Forbidden:
            self.default_hours = "The account's default hours hold."
            return
        self.default_cooldown = account.cooldown_minutes
        hours = account.default_business_hours
        self.default_hours = (
            f"Account default: {words.days_in_words(hours.days)}, {hours.start:%H:%M}–{hours.end:%H:%M} {hours.timezone}."
            if hours
            else "The account has no default hours: contacts are made at any time."
        )

    def _fill_new(self, example: str) -> None:
        start = EXAMPLES.get(example, EXAMPLES["blank"])
        self.flow_id, self.version, self.running = "", 0, 0
        self.name, self.description, self.priority, self.is_enabled = start.name, start.description, "", False
        self.custom_hours, self.days, self.opens, self.closes = False, [1, 2, 3, 4, 5, 6], "09:00", "19:00"
        self.zone, self.outside_hours = self.me.timezone, OutsideHours.WAIT.value
        self.exit_on_answered, self.exit_on_reply, self.exit_tag, self.exit_field, self.exit_value = True, True, "", "", ""
        self.cooldown_minutes, self.per_hour, self.on_unknown, self.is_held = "", "", OnUnknown.CONTINUE.value, False
        self.conditions = [condition_of(c) for c in start.conditions]
        self._dress([chosen(step_of(a), self.choices) for a in start.actions])
        self._filled()

    def _fill(self, flow: FlowView) -> None:
        self.flow_id, self.version, self.running = str(flow.id), flow.version, flow.running_executions
        self.name, self.description = flow.name, flow.description
        self.priority, self.is_enabled = str(flow.priority), flow.is_enabled
        self.custom_hours, self.days = flow.use_custom_business_hours, list(flow.business_days)
        self.opens = f"{flow.business_hours_start:%H:%M}" if flow.business_hours_start else "09:00"
        self.closes = f"{flow.business_hours_end:%H:%M}" if flow.business_hours_end else "19:00"
        self.zone = flow.business_hours_timezone or self.me.timezone
        self.outside_hours, self.on_unknown = str(flow.outside_hours), str(flow.on_unknown)
        rules = flow.exit_rules
        self.exit_on_answered, self.exit_on_reply, self.exit_tag = rules.on_answered, rules.on_reply, rules.on_tag or ""
        self.exit_field, self.exit_value = rules.on_field or "", rules.on_field_value or ""
        self.per_hour, self.is_held = str(flow.max_contacts_per_hour or ""), flow.is_held
        self.cooldown_minutes = "" if flow.cooldown_minutes is None else str(flow.cooldown_minutes)
        self.conditions = [condition_of(c.model_dump(mode="json")) for c in flow.conditions]
        self._dress([step_of(a.model_dump(mode="json")) for a in flow.actions])
        self._filled()

    def _filled(self) -> None:
        self.dirty, self.problems, self.findings = False, {}, []
        self.form_key += 1

    async def _touched(self) -> None:
        self.dirty = True
        await self._check()

    async def _check(self) -> None:
        """Fill the panel with what is wrong or unwise in the flow as it stands; the fields themselves stay quiet until it is saved."""
        body = {name: value for name, value in self._body().items() if name not in ("is_enabled", "priority")}
        try:
            found = await self._service(flows.check_definition, FlowDefinition.model_validate(body))
        except ValidationError as error:
            self.findings = [finding("error", e.pointer, said(e, self.steps), self.conditions, self.steps) for e in invalid(error).errors]
        except Invalid as error:
            self.findings = [finding("error", e.pointer, said(e, self.steps), self.conditions, self.steps) for e in error.errors]
        else:
            self.findings = [finding(p.severity, p.pointer, p.message, self.conditions, self.steps) for p in found]

    @rx.event
    async def set_text(self, name: str, value: str) -> None:
        """One of the text settings."""
        choice_of(name, TEXTS)
        setattr(self, name, text_of(value, 5000))
        self.problems = {k: v for k, v in self.problems.items() if k not in (name, *POINTERS_OF.get(name, ()))}
        await self._touched()

    @rx.event
    async def set_switch(self, name: str, on: bool) -> None:
        """One of the on/off settings."""
        choice_of(name, SWITCHES)
        setattr(self, name, bool(on))
        await self._touched()

    @rx.event
    async def toggle_day(self, day: int) -> None:
        """Add or take away a day of the flow's hours, 1 (Monday) to 7."""
        if day not in range(1, 8):
            raise Invalid("There is no such day.")
        self.days = sorted(set(self.days) ^ {day})
        self.problems = {k: v for k, v in self.problems.items() if k != "business_days"}
        await self._touched()

    @rx.event
    async def set_outside_hours(self, value: str) -> None:
        """Whether a step outside the hours waits or is skipped."""
        self.outside_hours = choice_of(value, OutsideHours, default="wait")
        await self._touched()

    @rx.event
    async def set_on_unknown(self, value: str) -> None:
        """Whether the flow goes on after an attempt whose fate nobody told."""
        self.on_unknown = choice_of(value, OnUnknown, default="continue")
        await self._touched()

    @rx.event
    async def resume(self) -> Any:
        """Lift the flow's kill switch; what was typed stays."""
        flow = await self._service(flow_control.hold_flow, id_of(self.flow_id), False)
        self.is_held = flow.is_held
        return rx.toast.success(f"“{flow.name}” goes on", description="What it held goes out within its hours and limits.")

    @rx.event
    async def left(self) -> None:
        """The form is no longer shown: what was not saved is given up."""
        self.dirty = False

    @rx.event
    async def save(self) -> AsyncIterator[Any]:
        """Publish what is in the form. What is wrong with it is shown at its field and in the panel."""
        self.problems, self.busy = {}, True
        yield
        try:
            saved = await self._save()
        except Invalid as error:
            self._show(error)
            yield rx.toast.error("Not saved", description=self._summary(error))
            yield rx.call_script("document.querySelector('.af-field-error, .af-findings')?.scrollIntoView({block: 'center'})")
            return
        finally:
            self.busy = False
        is_new = not self.flow_id
        self._fill(saved)
        self._shown = f"{saved.id}?"
        await self._check()
        yield rx.toast.success("Flow created" if is_new else "Saved", description=live_in_words(saved))
        if is_new:
            yield rx.redirect(f"{LIST}/{saved.id}/edit")

    async def _save(self) -> FlowView:
        body = self._body()
        try:
            if not self.flow_id:
                return await self._service(flows.create_flow, FlowCreate.model_validate(body))
            body["version"] = self.version
            return await self._service(flows.update_flow, UUID(self.flow_id), FlowUpdate.model_validate(body))
        except ValidationError as error:
            raise invalid(error) from None

    def _body(self) -> dict[str, Any]:
        """The form as the service takes it."""
        return {
            "name": self.name,
            "description": self.description,
            "is_enabled": self.is_enabled,
            "priority": self.priority.strip() or None,
            "use_custom_business_hours": self.custom_hours,
            "business_hours_start": self.opens or None,
            "business_hours_end": self.closes or None,
            "business_hours_timezone": self.zone or None,
            "business_days": list(self.days),
            "outside_hours": self.outside_hours,
            "exit_rules": {
                "on_answered": self.exit_on_answered,
                "on_reply": self.exit_on_reply,
                "on_tag": self.exit_tag or None,
                "on_field": self.exit_field or None,
                "on_field_value": self.exit_value or None,
            },
            "max_contacts_per_hour": self.per_hour.strip() or None,
            "cooldown_minutes": self.cooldown_minutes.strip() or None,
            "on_unknown": self.on_unknown,
            "conditions": [condition_body(c) for c in self.conditions],
            "actions": [action_body(s, n) for n, s in enumerate(self.steps, start=1)],
        }

    def _show(self, error: Invalid) -> None:
        sentences = [FieldError(e.pointer, said(e, self.steps)) for e in error.errors]
        self.problems, self.conditions, steps = placed(sentences, self.conditions, self.steps)
        self._dress(steps)
        self.findings = [finding("error", e.pointer, e.detail, self.conditions, self.steps) for e in sentences] or [
            Finding(severity="error", where="", text=error.detail)
        ]

    def _summary(self, error: Invalid) -> str:
        count = len(error.errors)
        return f"{count} things need a look." if count > 1 else said(error.errors[0], self.steps) if count else error.detail


def live_in_words(flow: FlowView) -> str:
    """What saving meant for new leads."""
    return (
        f"Version {flow.version} is live for new leads." if flow.is_enabled else f"Version {flow.version}; no lead enters until it is on."
    )


POINTERS_OF: dict[str, Iterable[str]] = {
    "opens": ("business_hours_start",),
    "closes": ("business_hours_end",),
    "zone": ("business_hours_timezone",),
    "exit_tag": ("exit_rules",),
    "exit_field": ("exit_rules",),
    "exit_value": ("exit_rules",),
    "per_hour": ("max_contacts_per_hour",),
}
"""Which pointers of the body a setting of the form stands for, where the names differ."""
