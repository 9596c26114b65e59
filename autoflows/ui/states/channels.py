"""The channels page: connections to providers, how they are, and the form each provider asks for."""

from __future__ import annotations

from typing import Any, ClassVar

import reflex as rx

from autoflows.domain.errors import Conflict, Invalid
from autoflows.ids import utc_now
from autoflows.services import channels, sync
from autoflows.services.views.channels import BreakerView, ChannelChange, ChannelView, FormField, NewChannel, ProviderForm, SyncView
from autoflows.ui import live
from autoflows.ui.states.base import Base, PageState, id_of, text_of
from autoflows.ui.states.entries import Entry, values_of

ICONS = {"ai_call": "phone-call", "whatsapp_message": "message-circle", "email": "mail", "sms": "message-square", "webhook": "webhook"}
SYNCED = ("ai_call", "whatsapp_message")
CHECKED = {"active": "Working", "unchecked": "Not checked yet", "error": "Needs attention", "disabled": "Switched off"}


class ChannelCard(ChannelView):
    """A channel as its card shows it. `can_sync` is whether its provider has agents, numbers or templates to bring in."""

    icon: str
    word: str
    facts: list[tuple[str, str]]
    can_sync: bool
    held: str
    until: str


def card_of(channel: ChannelView, forms: list[ProviderForm]) -> ChannelCard:
    """The card of a channel: the settings that people look for, in the words of its form."""
    fields = next((form.settings for form in forms if form.provider == channel.provider), [])
    shown = [(field.title, channel.settings.get(field.name)) for field in fields if not field.advanced]
    held = "" if channel.status == "disabled" else _held(channel.breaker)
    return ChannelCard(
        **channel.model_dump(),
        icon=ICONS.get(channel.action_type, "plug"),
        word="Held" if held else CHECKED.get(channel.status, channel.status.capitalize()),
        facts=[(title, str(value)) for title, value in shown if value not in (None, "", [])],
        can_sync=channel.action_type in SYNCED,
        held=held,
        until=_next_try(channel.breaker),
    )


def _held(breaker: BreakerView) -> str:
    """Why nothing goes out by the channel at present, in a sentence; empty while all does."""
    if breaker.state == "closed":
        return ""
    why = breaker.reason.strip() or "Its contacts failed several times in a row"
    return why if why.endswith((".", "!", "?")) else f"{why}."


def _next_try(breaker: BreakerView) -> str:
    """When the channel is tried again by itself; empty once that time has come."""
    if breaker.state != "open" or breaker.until is None or breaker.until <= utc_now():
        return ""
    return breaker.until.isoformat()


def entries_of(form: ProviderForm, channel: ChannelView | None) -> list[Entry]:
    """The form of a provider; with `channel`, holding its values. Stored secrets never come back: an empty field keeps them."""
    return [_entry("credentials", field, channel) for field in form.credentials] + [
        _entry("settings", field, channel) for field in form.settings
    ]


def _entry(part: str, field: FormField, channel: ChannelView | None) -> Entry:
    value, placeholder = field.default, ""
    if channel is not None and part == "settings":
        value = channel.settings.get(field.name, field.default)
    elif channel is not None:
        value = None
        placeholder = "Saved. Leave empty to keep it." if channel.credentials_set.get(field.name) else ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None or isinstance(value, bool) else str(value)
    return Entry(
        key=f"{part}/{field.name}",
        title=field.title,
        description=field.description,
        type=field.type,
        required=field.required and not (channel is not None and part == "credentials"),
        secret=field.secret,
        advanced=field.advanced,
        value=text,
        is_on=value is True,
        placeholder=placeholder,
        choices=[(choice, choice) for choice in field.choices],
        default=field.default,
    )


def parts_of(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Credentials and settings from a form's values. An empty credential is left out, so that a stored one is kept."""
    credentials = {key.removeprefix("credentials/"): value for key, value in values.items() if key.startswith("credentials/")}
    settings = {key.removeprefix("settings/"): value for key, value in values.items() if key.startswith("settings/")}
    return {name: value for name, value in credentials.items() if value not in (None, "")}, settings


def synced_text(result: SyncView) -> str:
    """What a sync brought in, in a sentence."""
    names = {
        "agents": "voice agents",
        "phone_numbers": "phone numbers",
        "whatsapp_numbers": "WhatsApp numbers",
        "whatsapp_templates": "WhatsApp templates",
    }
    found = []
    for name, words in names.items():
        count = getattr(result, name)
        if count.added or count.updated or count.deactivated:
            found.append(f"{count.added + count.updated} {words} ({count.added} new, {count.deactivated} gone)")
    return ". ".join(filter(None, ("; ".join(found) or "The provider lists nothing to bring in", result.webhooks)))


class ChannelsState(PageState, Base):
    """The account's channels and the form that makes or changes one."""

    live_gap_seconds: ClassVar[float] = 2.0

    rows: list[ChannelCard] = []
    forms: list[ProviderForm] = []
    entries: list[Entry] = []
    form_open: bool = False
    provider: str = ""
    provider_title: str = ""
    has_advanced: bool = False
    channel_id: str = ""
    name: str = ""
    checking: str = ""
    syncing: str = ""

    def _close_dialogs(self) -> None:
        self.form_open = False
        self.checking = self.syncing = ""

    async def _load(self) -> None:
        live.subscribe(self, live.account_topic((await self._actor()).account_id))
        self.forms = await self._call(channels.provider_forms)
        await self._refresh()

    async def _refresh(self) -> None:
        self.rows = [card_of(channel, self.forms) for channel in await self._service(channels.list_channels)]

    def _form_of(self, provider: Any) -> ProviderForm:
        for form in self.forms:
            if form.provider == provider:
                return form
        raise Invalid("There is no such provider.")

    def _open(self, form: ProviderForm, channel: ChannelView | None) -> None:
        self.provider, self.provider_title = form.provider, form.title
        self.channel_id = str(channel.id) if channel else ""
        self.name = channel.name if channel else form.title
        self.entries = entries_of(form, channel)
        self.has_advanced = any(entry.advanced for entry in self.entries)
        self.problems = {}
        self.form_open = True

    @rx.event
    def connect(self):
        """Begin with the choice of a provider."""
        self.provider = self.channel_id = ""
        self.entries, self.problems = [], {}
        self.form_open = True

    @rx.event
    def choose(self, provider: str):
        """Show the form of a provider."""
        self._open(self._form_of(provider), None)

    @rx.event
    async def edit(self, channel_id: str):
        """Show a channel's form with its values; secrets stay where they are."""
        channel = await self._service(channels.get_channel, id_of(channel_id))
        self._open(self._form_of(channel.provider), channel)

    @rx.event
    def set_form_open(self, is_open: bool):
        """Close the form."""
        self.form_open = bool(is_open)

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Make or change the channel, then sign in at the provider at once, so that a wrong key shows now and not at the first lead."""
        credentials, settings = parts_of(values_of(self.entries, form))
        name = text_of(form.get("name") or "", 200)
        with self._problems_of():
            if self.channel_id:
                change = ChannelChange(name=name, credentials=credentials or None, settings=settings or None)
                channel = await self._service(channels.update_channel, id_of(self.channel_id), change)
            else:
                new = NewChannel(provider=self.provider, name=name, credentials=credentials, settings=settings)
                channel = await self._service(channels.create_channel, new)
            self.form_open = False
            await self._load()
            return ChannelsState.check(str(channel.id))
        return None

    @rx.event
    async def check(self, channel_id: str):
        """Sign in at the provider and show what it says; nobody is contacted."""
        self.checking = str(id_of(channel_id))
        yield
        try:
            result = await self._service(channels.check_channel, id_of(channel_id))
            await self._load()
        finally:
            self.checking = ""
        yield (
            rx.toast.success("The channel works", description=result.detail)
            if result.ok
            else rx.toast.error("The channel does not work", description=result.detail, duration=10_000)
        )

    @rx.event
    async def retry(self, channel_id: str):
        """Let one of the contacts that the channel holds try now."""
        try:
            await self._service(channels.retry_channel, id_of(channel_id))
        except Conflict as error:  # it was closed meanwhile
            await self._load()
            return rx.toast.info("Nothing is held", description=error.detail)
        await self._load()
        return rx.toast.success("Trying now", description="One contact goes out; if the provider takes it, the others follow.")

    @rx.event
    async def sync(self, channel_id: str):
        """Bring in agents, numbers and templates."""
        self.syncing = str(id_of(channel_id))
        yield
        try:
            result = await self._service(sync.sync_channel, id_of(channel_id))
            await self._load()
        finally:
            self.syncing = ""
        yield rx.toast.success("Synced", description=synced_text(result), duration=8000)

    @rx.event
    async def set_enabled(self, channel_id: str, is_enabled: bool):
        """Switch a channel off, or on again."""
        await self._service(channels.update_channel, id_of(channel_id), ChannelChange(is_enabled=is_enabled is True))
        await self._load()

    @rx.event
    async def delete(self, channel_id: str):
        """Remove a channel that no flow uses."""
        await self._service(channels.delete_channel, id_of(channel_id))
        await self._load()
        return rx.toast.success("Channel removed")
