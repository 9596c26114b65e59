"""/dashboard/channels: connections to providers."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.services.views.channels import ProviderForm
from autoflows.ui.components import (
    cards_skeleton,
    confirm_dialog,
    copy_field,
    empty_state,
    moment,
    note,
    save_bar,
    status_badge,
    text_field,
)
from autoflows.ui.components.entry import entry_field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.shell import page
from autoflows.ui.states.base import may
from autoflows.ui.states.channels import ICONS, ChannelCard, ChannelsState
from autoflows.ui.states.entries import Entry

WRITE = Permission.CHANNELS_WRITE


def _icon(name: rx.Var[str], size: int = 18) -> rx.Component:
    return rx.match(name, *((icon, rx.icon(icon, size=size)) for icon in sorted({*ICONS.values()})), rx.icon("plug", size=size))


def _when(label: str, value) -> rx.Component:
    return rx.el.span(label, " ", moment(value, empty="never"), class_name="af-muted af-small")


def _menu(channel: ChannelCard, channel_id: rx.Var[str]) -> rx.Component:
    off = channel.status == "disabled"
    return rx.el.div(
        rx.button(
            rx.icon("stethoscope", size=14),
            "Check",
            size="1",
            variant="soft",
            loading=ChannelsState.checking == channel_id,
            on_click=ChannelsState.check(channel_id),
        ),
        rx.cond(
            channel.can_sync,
            rx.button(
                rx.icon("refresh-cw", size=14),
                "Sync",
                size="1",
                variant="soft",
                loading=ChannelsState.syncing == channel_id,
                on_click=ChannelsState.sync(channel_id),
            ),
            rx.fragment(),
        ),
        rx.button(
            rx.icon("pencil", size=14),
            "Edit",
            size="1",
            variant="soft",
            color_scheme="gray",
            on_click=ChannelsState.edit(channel_id),
        ),
        rx.button(
            rx.cond(off, "Switch on", "Switch off"),
            size="1",
            variant="soft",
            color_scheme="gray",
            on_click=ChannelsState.set_enabled(channel_id, off),
        ),
        confirm_dialog(
            rx.icon_button(
                rx.icon("trash-2", size=14),
                size="1",
                variant="soft",
                color_scheme="red",
                aria_label=f"Remove {channel.name}",
                title="Remove",
            ),
            f"Remove {channel.name}?",
            "Its agents, numbers and templates go with it. Logs keep what they say. A channel that a flow uses is refused.",
            "Remove the channel",
            ChannelsState.delete(channel_id),
        ),
        class_name="af-row",
    )


def _held(channel: ChannelCard, channel_id: rx.Var[str]) -> rx.Component:
    """The circuit breaker is open: why, when it is tried next, and trying at once."""
    again = rx.button("Try now", size="1", variant="soft", color_scheme="amber", on_click=ChannelsState.retry(channel_id))
    return note(
        rx.el.strong("Held: "),
        channel.held,
        rx.cond(
            channel.until != "",
            rx.el.span(" Next try ", moment(channel.until, "soon"), ". Contacts wait until then."),
            rx.el.span(" One contact tries it now; the others follow when it works."),
        ),
        colour="amber",
        icon="octagon-pause",
        action=rx.cond(may(WRITE) & (channel.until != ""), again, rx.fragment()),
        role="status",
    )


def _card(channel: ChannelCard) -> rx.Component:
    channel_id = channel.id.to_string(use_json=False)
    return rx.el.section(
        rx.el.div(
            rx.el.div(_icon(channel.icon), class_name="af-empty-icon", style={"margin": 0, "width": "38px", "height": "38px"}),
            rx.el.div(
                rx.el.h2(channel.name, class_name="af-card-title"),
                rx.el.div(channel.provider_title, class_name="af-muted af-small"),
                style={"flex": 1, "minWidth": 0},
            ),
            status_badge(rx.cond(channel.held != "", "paused", channel.status), label=channel.word),
            class_name="af-row",
            style={"flexWrap": "nowrap"},
        ),
        rx.cond(channel.status_detail, rx.el.p(channel.status_detail, class_name="af-small af-channel-detail"), rx.fragment()),
        rx.cond(channel.held != "", _held(channel, channel_id), rx.fragment()),
        rx.el.dl(
            rx.foreach(channel.facts, lambda pair: rx.fragment(rx.el.dt(pair[0]), rx.el.dd(pair[1]))),
            class_name="af-facts af-small",
        ),
        rx.cond(
            channel.webhook_url,
            rx.el.div(
                rx.el.div("Webhook address, for the provider's settings", class_name="af-help"),
                copy_field(channel.webhook_url, "webhook address"),
                class_name="af-stack-2",
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.el.div(
                _when("Checked", channel.checked_at),
                rx.cond(channel.can_sync, _when("Synced", channel.synced_at), rx.fragment()),
                class_name="af-row",
            ),
            rx.cond(may(WRITE), _menu(channel, channel_id), rx.fragment()),
            class_name="af-stack-2",
            style={"marginTop": "auto"},
        ),
        class_name="af-card af-card-body af-stack",
        aria_label=channel.name,
    )


def _entry(entry: Entry) -> rx.Component:
    return entry_field(entry, ChannelsState.problems)


def _provider(form: ProviderForm) -> rx.Component:
    icon = rx.match(form.action_type, *((kind, rx.icon(icon, size=18)) for kind, icon in ICONS.items()), rx.icon("plug", size=18))
    what = rx.match(
        form.action_type,
        ("ai_call", "AI voice calls"),
        ("whatsapp_message", "WhatsApp messages"),
        ("email", "E-mail"),
        ("sms", "SMS"),
        "Webhooks",
    )
    return rx.el.button(
        rx.el.span(icon, class_name="af-empty-icon", style={"margin": 0, "width": "36px", "height": "36px"}),
        rx.el.span(
            rx.el.span(form.title, class_name="af-strong", style={"display": "block"}),
            rx.el.span(what, class_name="af-muted af-small"),
        ),
        type="button",
        class_name="af-choice",
        on_click=ChannelsState.choose(form.provider),
    )


def _dialog() -> rx.Component:
    form = rx.form(
        text_field(
            "name",
            "Name",
            id="channel-name",
            default_value=ChannelsState.name,
            error=ChannelsState.problems["name"],
            help="How flows and logs call it.",
        ),
        rx.foreach(ChannelsState.entries, lambda entry: rx.cond(entry.advanced, rx.fragment(), _entry(entry))),
        rx.cond(
            ChannelsState.has_advanced,
            rx.el.details(
                rx.el.summary("More settings"),
                rx.el.div(
                    rx.foreach(ChannelsState.entries, lambda entry: rx.cond(entry.advanced, _entry(entry), rx.fragment())),
                    class_name="af-form",
                    style={"marginTop": "14px"},
                ),
            ),
            rx.fragment(),
        ),
        save_bar("Save and check", problem=ChannelsState.problems[""]),
        on_submit=ChannelsState.save,
        key=f"{ChannelsState.provider}-{ChannelsState.channel_id}",
        class_name="af-form",
    )
    return form_dialog(
        rx.cond(ChannelsState.provider == "", "Connect a channel", ChannelsState.provider_title),
        rx.cond(
            ChannelsState.provider == "",
            "Which provider should carry your calls and messages?",
            "Keys are encrypted when they are stored and never shown again.",
        ),
        rx.cond(
            ChannelsState.provider == "",
            rx.el.div(rx.foreach(ChannelsState.forms, _provider), class_name="af-choices"),
            form,
        ),
        is_open=ChannelsState.form_open,
        on_open_change=ChannelsState.set_form_open,
    )


def _connect_button() -> rx.Component:
    button = rx.button(rx.icon("plus", size=15), "Connect a channel", on_click=ChannelsState.connect)
    return rx.cond(may(WRITE), button, rx.fragment())


@page(
    "/dashboard/channels",
    "Channels",
    ChannelsState,
    text="Who carries your calls, messages and e-mails.",
    actions=lambda: (_connect_button(),),
    skeleton=lambda: cards_skeleton(3),
    write=WRITE,
)
def channels() -> rx.Component:
    """The cards."""
    return rx.fragment(
        rx.cond(
            ChannelsState.rows.length() > 0,
            rx.el.div(rx.foreach(ChannelsState.rows, _card), class_name="af-cards"),
            rx.el.div(
                empty_state(
                    "plug",
                    "No channel yet",
                    "Connect a voice, WhatsApp or e-mail provider; its agents, numbers and templates then appear under Templates.",
                    _connect_button(),
                ),
                class_name="af-card",
            ),
        ),
        _dialog(),
    )
