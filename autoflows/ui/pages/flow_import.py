"""/dashboard/auto-engagement/import: a flow from a YAML file. What it would do is said before it is done."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.domain.yaml_text import MAX_CHARACTERS
from autoflows.ui.components import card, form_skeleton, note, severity_icon
from autoflows.ui.components.text_file import text_file
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.flow_import import ChangeLine, FlowFileState, Mistake

MARKS = {"added": "plus", "removed": "minus", "moved": "arrow-down-up", "changed": "pencil"}


def _change(change: rx.Var[ChangeLine]) -> rx.Component:
    icon = rx.match(change.kind, *((kind, rx.icon(name, size=13)) for kind, name in MARKS.items()), rx.icon("pencil", size=13))
    mark = rx.el.span(icon, rx.el.span(change.kind, class_name="af-hidden"), class_name=f"af-change-mark af-change-{change.kind}")
    return rx.el.li(mark, rx.el.span(change.message))


def _mistake(mistake: rx.Var[Mistake]) -> rx.Component:
    where = rx.cond(mistake.line > 0, f"Line {mistake.line}, ", "")
    return rx.el.li(where, rx.el.code(mistake.pointer), ": ", mistake.text)


def _found() -> rx.Component:
    wrong = note(
        rx.el.strong(FlowFileState.problem),
        rx.el.ul(rx.foreach(FlowFileState.mistakes, _mistake)),
        colour="red",
        role="alert",
    )
    right = rx.el.div(
        rx.el.p(rx.el.strong(FlowFileState.summary)),
        rx.el.ul(rx.foreach(FlowFileState.changes, _change), class_name="af-changes"),
        rx.cond(
            FlowFileState.findings.length() > 0,
            rx.el.div(
                rx.el.h3("To know", class_name="af-subhead"),
                rx.el.ul(
                    rx.foreach(FlowFileState.findings, lambda one: rx.el.li(severity_icon(one.severity, size=14), rx.el.span(one.message))),
                    class_name="af-changes",
                ),
            ),
            rx.fragment(),
        ),
        class_name="af-stack-2",
        role="status",
    )
    nothing = rx.el.p(
        "Paste a flow or choose a file. What it would change, and what is wrong with it, is shown here; nothing is changed yet.",
        class_name="af-muted",
    )
    return rx.cond(FlowFileState.problem != "", wrong, rx.cond(FlowFileState.summary != "", right, nothing))


@page(
    f"{FLOWS}/import",
    "Import a flow",
    FlowFileState,
    text="A file of a flow that has the same name becomes its new version; any other makes a new flow, switched off.",
    back=("New flow", f"{FLOWS}/gallery"),
    skeleton=form_skeleton,
    write=Permission.FLOWS_WRITE,
    active=f"{FLOWS}/create",
)
def flow_import() -> rx.Component:
    """The text at the left, what it comes to at the right."""
    box = rx.text_area(
        default_value=FlowFileState.text,
        on_change=FlowFileState.set_text.debounce(500),
        key=FlowFileState.text_key.to_string(),
        aria_label="The flow as YAML",
        placeholder="autoflows: 1\nname: …",
        spell_check=False,
        class_name="af-code-area",
        rows="22",
    )
    ready = (FlowFileState.checked != "") & (FlowFileState.problem == "")
    return rx.el.div(
        card(
            text_file("Choose a YAML file, or drop one here", FlowFileState.read_file, accept=".yaml,.yml,text/yaml", limit=MAX_CHARACTERS),
            box,
            title="File",
        ),
        card(
            _found(),
            rx.el.div(
                rx.button("Import", on_click=FlowFileState.bring_in, disabled=~ready, loading=FlowFileState.busy), class_name="af-actions"
            ),
            title="What it would do",
        ),
        class_name="af-grid-2 af-import",
    )
