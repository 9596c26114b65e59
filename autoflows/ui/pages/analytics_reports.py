"""What is shown as a report: to print, as a file, and by e-mail to people of the account."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import confirm_dialog, empty_state, moment, note, save_bar, select_field, text_field
from autoflows.ui.components.sheet import sheet
from autoflows.ui.components.zones import zone_list
from autoflows.ui.pages.analytics_files import report_menu
from autoflows.ui.report_words import EVERY, FORMS, SPANS, MailRow, ReportPerson, ReportRow
from autoflows.ui.states.analytics import AnalyticsState
from autoflows.ui.states.base import may
from autoflows.ui.states.reports import FORM, MAILS, ReportsState

WEEKDAYS = [
    (str(n), name) for n, name in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), start=1)
]
MONTHDAYS = [(str(n), str(n) if n < 29 else f"{n}, or the last") for n in range(1, 32)]
draft = ReportsState.draft


def figures_menu() -> rx.Component:
    """The button at the top of the page of figures: print, download, send."""
    send = rx.dropdown_menu.item(rx.icon("mail", size=15), "Send by e-mail", on_select=ReportsState.open_list)
    menu = report_menu(AnalyticsState.report_links, "html", "pdf", "xlsx", more=(rx.dropdown_menu.separator(), send))
    return rx.fragment(menu, rx.cond(may(Permission.EXPORT), _panel(), rx.fragment()))


def _panel() -> rx.Component:
    content = rx.match(ReportsState.showing, (FORM, _form()), (MAILS, _mails()), _list())
    panel = sheet(
        ReportsState.title,
        rx.el.div(content, class_name="af-stack"),
        is_open=ReportsState.showing != "",
        on_open_change=ReportsState.set_open,
    )
    gone: Any = ReportsState.dropping
    question = confirm_dialog(
        None,
        rx.cond(gone, f"Delete the report “{gone.name}”?", ""),
        "It is not sent any more, and the list of its mails goes. Figures stay as they are.",
        "Delete report",
        ReportsState.drop,
        open=rx.cond(gone, True, False),
        on_open_change=ReportsState.close_drop,
    )
    return rx.fragment(panel, question)


def _channel() -> rx.Component:
    to_channels = rx.link("Open channels", href="/dashboard/channels", class_name="af-small")
    missing = note(ReportsState.channel_problem, " ", "Add one there, or switch one on.", colour="amber", action=to_channels)
    broken = note(
        f"The channel “{ReportsState.channel_name}” does not work: ", ReportsState.channel_problem, colour="red", action=to_channels
    )
    fine = rx.el.p(f"Sent by the channel “{ReportsState.channel_name}”.", class_name="af-help af-flat")
    return rx.cond(ReportsState.has_channel, rx.cond(ReportsState.channel_problem != "", broken, fine), missing)


def _list() -> rx.Component:
    add = rx.button(rx.icon("plus", size=15), "Send this by e-mail", on_click=ReportsState.begin)
    text = "Send what this page shows to people of the team, each day, week or month."
    listed = rx.fragment(rx.el.ul(rx.foreach(ReportsState.rows, _report), class_name="af-reports"), rx.el.div(add))
    return rx.fragment(_channel(), rx.cond(ReportsState.rows.length() > 0, listed, empty_state("mail", "No report is sent yet", text, add)))


def _button(icon: str, label: Any, action: Any, colour: str = "gray") -> rx.Component:
    return rx.icon_button(
        rx.icon(icon, size=14), aria_label=label, title=label, size="1", variant="soft", color_scheme=colour, type="button", on_click=action
    )


def _report(row: rx.Var[ReportRow]) -> rx.Component:
    pause = rx.cond(
        row.is_paused,
        _button("play", f"Resume {row.name}", ReportsState.pause(row.id, False)),
        _button("pause", f"Pause {row.name}", ReportsState.pause(row.id, True)),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.strong(row.name),
            rx.el.div(
                _button("send", f"Send {row.name} now", ReportsState.send(row.id)),
                _button("list", f"Mails of {row.name}", ReportsState.show_mails(row.id)),
                pause,
                _button("pencil", f"Change {row.name}", ReportsState.edit(row.id)),
                _button("trash-2", f"Delete {row.name}", ReportsState.ask_drop(row.id), "red"),
                class_name="af-row af-flat-row",
            ),
            class_name="af-spread",
        ),
        rx.el.p(row.what, class_name="af-flat"),
        rx.el.p(row.when, class_name="af-flat af-muted"),
        rx.el.p("To ", row.people, class_name="af-flat af-muted"),
        rx.el.p(
            rx.cond(row.is_paused, "Paused", rx.fragment("Next ", moment(row.next_at, "full"))),
            rx.cond(row.sent_at != "", rx.fragment(" · last sent ", moment(row.sent_at)), " · not sent yet"),
            class_name="af-flat af-muted",
        ),
        rx.cond(row.problem != "", note(row.problem, colour="red", role="status"), rx.fragment()),
        key=row.id,
    )


def _back(label: str = "All reports") -> rx.Component:
    return rx.el.div(
        rx.button(
            rx.icon("arrow-left", size=14), label, variant="ghost", size="1", type="button", margin="0 0 0 -8px", on_click=ReportsState.back
        )
    )


def _person(person: rx.Var[ReportPerson]) -> rx.Component:
    box = rx.el.input(type="checkbox", name=f"to-{person.id}", default_checked=person.chosen)
    return rx.el.label(box, rx.el.span(person.name, rx.el.span(f" {person.email}", class_name="af-muted")), class_name="af-check")


def _form() -> rx.Component:
    problems = ReportsState.problems
    day = rx.match(
        draft.every,
        ("week", select_field("report-day", "On", WEEKDAYS, default_value=draft.weekday, error=problems["day"])),
        ("month", select_field("report-day", "On day", MONTHDAYS, default_value=draft.monthday, error=problems["day"])),
        rx.fragment(),
    )
    what = rx.el.div(
        rx.el.div("What is sent", class_name="af-label"),
        rx.el.div(draft.what),
        rx.cond(
            draft.id != "",
            rx.el.div(rx.button("Take what the page shows now", type="button", size="1", variant="soft", on_click=ReportsState.take_page)),
            rx.el.div("What the page shows now, with its filters. The days move along.", class_name="af-help"),
        ),
        rx.cond(problems["narrowed/flow_id"], rx.el.div(problems["narrowed/flow_id"], class_name="af-field-error"), rx.fragment()),
        class_name="af-field",
    )
    people = rx.el.fieldset(
        rx.el.legend("To", class_name="af-label"),
        rx.foreach(ReportsState.people, _person),
        rx.cond(problems["recipients"], rx.el.div(problems["recipients"], class_name="af-field-error", role="alert"), rx.fragment()),
        rx.el.div("People of the account who may export. Who is deactivated gets nothing.", class_name="af-help"),
        class_name="af-field af-fieldset",
    )
    form = rx.form(
        text_field("report-name", "Name", help="The subject of the mail.", error=problems["name"], default_value=draft.name, max_length=60),
        what,
        rx.el.div(
            select_field(
                "report-every",
                "How often",
                [(str(value), label) for value, label in EVERY.items()],
                value=draft.every,
                on_change=ReportsState.set_every,
            ),
            day,
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field("report-at", "At", type="time", default_value=draft.at, error=problems["at"]),
            text_field("report-zone", "Time zone", default_value=draft.zone, error=problems["zone"], custom_attrs={"list": "report-zones"}),
            class_name="af-grid-2",
        ),
        zone_list("report-zones"),
        rx.el.div(
            select_field(
                "report-days",
                "About",
                [(value or "same", label) for value, label in SPANS.items()],
                default_value=rx.cond(draft.days != "", draft.days, "same"),
                error=problems["days"],
            ),
            select_field("report-form", "Attached as", [(str(value), label) for value, label in FORMS.items()], default_value=draft.form),
            class_name="af-grid-2",
        ),
        people,
        save_bar("Save", problem=problems[""]),
        on_submit=ReportsState.save,
        class_name="af-form",
        key=draft.id,
    )
    return rx.fragment(_back(), _channel(), form)


def _mail(row: rx.Var[MailRow]) -> rx.Component:
    again = rx.button("Send again", size="1", variant="soft", type="button", on_click=ReportsState.send_again(row.id))
    return rx.el.li(
        rx.el.div(
            rx.el.span(rx.el.strong(row.state), " · ", row.recipient),
            rx.cond(row.again, again, rx.fragment()),
            class_name="af-spread",
        ),
        rx.el.p("Due ", moment(row.due_at, "full"), class_name="af-flat af-muted"),
        rx.cond(row.problem != "", rx.el.p(row.problem, class_name="af-flat af-field-error"), rx.fragment()),
        rx.cond(
            row.status == "unknown",
            rx.el.p("It may have arrived. Ask before you send it again.", class_name="af-flat af-help"),
            rx.fragment(),
        ),
        key=row.id,
    )


def _mails() -> rx.Component:
    refresh = rx.button("Look again", size="1", variant="ghost", type="button", on_click=ReportsState.show_mails(ReportsState.chosen))
    none = empty_state("mail", "No mail yet", "Each mail is listed here, with what became of it.")
    return rx.fragment(
        rx.el.div(_back(), refresh, class_name="af-spread"),
        rx.cond(ReportsState.mails.length() > 0, rx.el.ul(rx.foreach(ReportsState.mails, _mail), class_name="af-reports"), none),
    )
