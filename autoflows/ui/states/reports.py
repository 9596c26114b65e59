"""The panel of reports that are sent by e-mail: what the analytics page shows, again and again, to people of the account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.analytics import choices
from autoflows.domain.errors import Invalid
from autoflows.domain.reports import Every, Report
from autoflows.services import report_schedules
from autoflows.services.views.reports import ReportFilter, ScheduleChange, ScheduleCreate
from autoflows.ui.report_words import MailRow, ReportDraft, ReportPerson, ReportRow, draft_of, mail_row, row_of, what_in_words
from autoflows.ui.states.analytics import AnalyticsState
from autoflows.ui.states.analytics_wanted import Wanted, narrowed_of
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, text_of

LIST, FORM, MAILS = "list", "form", "mails"


class ReportsState(PageState, Base):
    """`showing` is empty while the panel is closed; else the list, the form (`draft`), or the mails of one report (`chosen`)."""

    showing: str = ""
    rows: list[ReportRow] = []
    channel_name: str = ""
    channel_problem: str = ""
    has_channel: bool = True
    draft: ReportDraft = ReportDraft()
    people: list[ReportPerson] = []
    chosen: str = ""
    mails: list[MailRow] = []
    dropping: ReportRow | None = None

    @rx.var
    def title(self) -> str:
        """What the panel is called."""
        if self.showing == FORM:
            return f"Change “{self.draft.name}”" if self.draft.id else "Send this by e-mail"
        name = next((row.name for row in self.rows if row.id == self.chosen), "")
        return f"Mails of “{name}”" if self.showing == MAILS else "Reports by e-mail"

    def _close_dialogs(self) -> None:
        self.showing, self.dropping = "", None

    async def _names(self) -> dict[str, str]:
        found = await self._service(choices.choices)
        return {str(one.id): one.name for one in (*found.flows, *found.channels)}

    async def _show_list(self) -> None:
        channel = await self._service(report_schedules.mail_channel)
        self.channel_name, self.channel_problem, self.has_channel = channel.name, channel.problem, channel.channel_id is not None
        names = await self._names()
        self.rows = [row_of(view, names) for view in await self._service(report_schedules.list_schedules)]
        self.showing = LIST

    def _known(self, report_id: Any) -> ReportRow:
        wanted = str(id_of(report_id))
        found = next((row for row in self.rows if row.id == wanted), None)
        if found is None:
            raise Invalid("This report is not there any more; it may have been deleted a moment ago.")
        return found

    @rx.event
    async def open_list(self) -> None:
        """Show the reports that are sent."""
        self.me = (await self.get_state(AnalyticsState)).me
        await self._show_list()

    @rx.event
    def set_open(self, is_open: bool) -> None:
        """Close the panel."""
        if not is_open:
            self._close_dialogs()

    async def _on_page(self) -> tuple[Report, ReportFilter]:
        """What the page shows, as a report."""
        wanted: Wanted = (await self.get_state(AnalyticsState)).wanted
        if wanted.view not in [str(one) for one in Report]:
            raise Invalid("What this page shows cannot be sent as a report.")
        narrowed = narrowed_of(wanted)
        kept = ReportFilter(flow_id=narrowed.flow_id, version=narrowed.version, source=narrowed.source, channel_id=narrowed.channel_id)
        return Report(wanted.view), kept

    async def _show_form(self, draft: ReportDraft, chosen: set[str]) -> None:
        self.problems = {}
        possible = await self._service(report_schedules.possible_recipients)
        self.people = [ReportPerson(id=str(one.id), name=one.name, email=one.email, chosen=str(one.id) in chosen) for one in possible]
        self.draft, self.showing = draft, FORM

    @rx.event
    async def begin(self) -> None:
        """Begin to send what the page shows."""
        report, narrowed = await self._on_page()
        zone = (await self.get_state(AnalyticsState)).zone or self.me.timezone
        draft = ReportDraft(report=report.value, narrowed=narrowed, what=what_in_words(report, narrowed, await self._names()), zone=zone)
        await self._show_form(draft, {self.me.id})

    @rx.event
    async def edit(self, report_id: str) -> None:
        """Change a report."""
        wanted = id_of(self._known(report_id).id)
        view = next((one for one in await self._service(report_schedules.list_schedules) if one.id == wanted), None)
        if view is None:
            raise Invalid("This report is not there any more.")
        await self._show_form(draft_of(view, await self._names()), {str(one.id) for one in view.recipients})

    @rx.event
    async def take_page(self) -> None:
        """Make the report that is being changed one of what the page shows."""
        report, narrowed = await self._on_page()
        what = what_in_words(report, narrowed, await self._names())
        self.draft = self.draft.model_copy(update={"report": report.value, "narrowed": narrowed, "what": what})

    @rx.event
    def set_every(self, value: str) -> None:
        """How often: the day to choose depends on it."""
        self.draft = self.draft.model_copy(update={"every": choice_of(value, Every, default="week")})

    @rx.event
    async def back(self) -> None:
        """Back to the list."""
        await self._show_list()

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Arrange the report, or change it."""
        if not isinstance(form, dict):
            raise Invalid("This is not a form.")
        said = {name: text_of(form.get(f"report-{name}") or "", 200) for name in ("name", "day", "at", "zone", "days", "form")}
        values: dict[str, Any] = {
            "name": said["name"],
            "report": self.draft.report,
            "narrowed": self.draft.narrowed.model_dump(),
            "every": self.draft.every,
            "day": said["day"] if self.draft.every != Every.DAY else 1,
            "at": said["at"],
            "zone": said["zone"],
            "days": None if said["days"] in ("", "same") else said["days"],
            "form": said["form"] or "pdf",
            "recipients": [one.id for one in self.people if form.get(f"to-{one.id}")],
        }
        with self._problems_of():
            if self.draft.id:
                changed = ScheduleChange.model_validate(values)
                view = await self._service(report_schedules.change_schedule, UUID(self.draft.id), changed)
            else:
                view = await self._service(report_schedules.arrange_schedule, ScheduleCreate.model_validate(values))
            await self._show_list()
            return rx.toast.success(f"“{view.name}” is saved")
        if any(name.startswith("recipients") for name in self.problems):
            self.problems = {**self.problems, "recipients": "Choose at least one person, all of whom may export."}
        return None

    @rx.event
    async def pause(self, report_id: str, is_paused: bool) -> None:
        """Stop sending a report for a while, or go on."""
        change = ScheduleChange(is_paused=is_paused is True)
        await self._service(report_schedules.change_schedule, id_of(report_id), change)
        await self._show_list()

    @rx.event
    async def send(self, report_id: str) -> Any:
        """Send a report at once."""
        view = await self._service(report_schedules.send_now, id_of(report_id))
        await self._show_list()
        return rx.toast.success(f"“{view.name}” is being sent", description="Its mails say how far it is.")

    @rx.event
    async def show_mails(self, report_id: str) -> None:
        """The mails of a report, as they are now."""
        self.chosen = self._known(report_id).id
        self.mails = [mail_row(one) for one in await self._service(report_schedules.list_mailings, UUID(self.chosen))]
        self.showing = MAILS

    @rx.event
    async def send_again(self, mail_id: str) -> Any:
        """Have a mail sent once more that failed or is in doubt."""
        await self._service(report_schedules.send_again, id_of(self.chosen), id_of(mail_id))
        await self.show_mails(self.chosen)
        return rx.toast.success("The mail is sent again within seconds")

    @rx.event
    def ask_drop(self, report_id: str) -> None:
        """Ask before a report is deleted."""
        self.dropping = self._known(report_id)

    @rx.event
    def close_drop(self, is_open: bool) -> None:
        """Keep it."""
        if not is_open:
            self.dropping = None

    @rx.event
    async def drop(self) -> Any:
        """Delete the report that was asked about."""
        if self.dropping is None:
            return None
        gone, self.dropping = self.dropping, None
        await self._service(report_schedules.drop_schedule, id_of(gone.id))
        await self._show_list()
        return rx.toast.info(f"“{gone.name}” is not sent any more")
