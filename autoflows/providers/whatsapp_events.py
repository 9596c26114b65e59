"""WhatsApp webhooks in our words. Every level of the batch is optional: what is missing is passed over, never an error.

Source: developers.facebook.com, WhatsApp Business Platform, webhooks (messages, message_template_status_update, user_preferences).
"""

from __future__ import annotations

from typing import Any

from autoflows.domain.outcomes import EventKind, MessageState, ProviderEvent
from autoflows.providers.payload import attempt_id, event_id, fingerprint, known, mapping, moment, objects, text
from autoflows.providers.whatsapp_codes import OPTED_OUT, TEMPLATE_CODES, class_of, code_of, first_error, message_of
from autoflows.providers.wire import clip

STATES = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "played": MessageState.READ,  # a voice message that was listened to
    "failed": MessageState.FAILED,
}
"""Status webhook, field `status`. Others are kept and change nothing."""

NOT_REPLIES = frozenset({"system", "request_welcome"})
"""Inbound types that the person did not write: a changed number, an opened chat."""


def events_of(body: dict[str, Any]) -> list[ProviderEvent]:
    """One event per status, inbound message, preference or notice, in the order of the batch."""
    events: list[ProviderEvent] = []
    for entry in objects(body.get("entry")):
        for change in objects(entry.get("changes")):
            field, value = text(change.get("field")) or "", mapping(change.get("value"))
            raw = {"entry_id": entry.get("id"), "field": field}
            if field == "messages":
                events += _messages(value, raw)
            elif field == "user_preferences":
                events += [_preference(item, raw) for item in objects(value.get("user_preferences"))]
            elif field == "message_template_status_update":
                events.append(_template(value, text(entry.get("time")), raw))
            else:
                events.append(_other(field, value, text(entry.get("time")), raw))
    return events


def _messages(value: dict[str, Any], raw: dict[str, Any]) -> list[ProviderEvent]:
    metadata = mapping(value.get("metadata"))
    raw = {**raw, "metadata": metadata}
    contacts = objects(value.get("contacts"))
    names = {text(c.get("wa_id")) or text(c.get("user_id")): text(mapping(c.get("profile")).get("name")) for c in contacts}
    statuses, inbound = objects(value.get("statuses")), objects(value.get("messages"))
    events = [_status(status, raw) for status in statuses]
    events += [_inbound(message, names, text(metadata.get("phone_number_id")), raw) for message in inbound]
    if not statuses and not inbound and value.get("errors"):
        events.append(_other("messages", value, None, raw))
    return events


def _status(status: dict[str, Any], raw: dict[str, Any]) -> ProviderEvent:
    wamid, told = text(status.get("id")), (text(status.get("status")) or "unknown").lower()
    state, pricing, error = STATES.get(told), mapping(status.get("pricing")), first_error(status.get("errors"))
    failed = state is MessageState.FAILED
    code = code_of(error)
    return ProviderEvent(
        event_id=event_id("status", wamid or fingerprint(status), told),
        kind=EventKind.MESSAGE if state else EventKind.OTHER,
        attempt_id=attempt_id(status.get("biz_opaque_callback_data")),
        provider_ref=wamid,
        message_state=state,
        terminal=failed,
        error_class=class_of(code, 0) if failed else None,
        error_code=(str(code) if code is not None else "failed") if failed else None,
        error_message=clip(message_of(error)) if failed else None,
        address=_phone(status.get("recipient_id")),
        occurred_at=moment(status.get("timestamp")),
        data=known(
            message_id=wamid,
            message_status=told,
            pricing_category=text(pricing.get("category")),
            billable=pricing.get("billable") if isinstance(pricing.get("billable"), bool) else None,
            template_only=True if code in TEMPLATE_CODES else None,
        ),
        raw={**raw, "status": status},
        suppress=True if failed and code in OPTED_OUT else None,
    )


def _inbound(message: dict[str, Any], names: dict[str | None, str | None], sender_id: str | None, raw: dict[str, Any]) -> ProviderEvent:
    wamid, kind = text(message.get("id")), text(message.get("type")) or "unknown"
    person = text(message.get("from"))
    written, payload = _written(kind, message)
    return ProviderEvent(
        event_id=event_id("message", wamid or fingerprint(message)),
        kind=EventKind.OTHER if kind in NOT_REPLIES else EventKind.REPLY,
        provider_ref=text(mapping(message.get("context")).get("id")),
        message_state=None if kind in NOT_REPLIES else MessageState.REPLIED,
        address=_phone(person),
        text=written,
        occurred_at=moment(message.get("timestamp")),
        data=known(
            message_id=wamid,
            type=kind,
            payload=payload,
            profile_name=names.get(person) or names.get(text(message.get("user_id"))) or names.get(text(message.get("from_user_id"))),
            sender_id=sender_id,
        ),
        raw={**raw, "message": message},
    )


def _written(kind: str, message: dict[str, Any]) -> tuple[str | None, str | None]:
    """What the person wrote or tapped, and the payload we had put behind the tapped button."""
    part = mapping(message.get(kind))
    if kind == "text":
        return text(part.get("body")), None
    if kind == "button":
        return text(part.get("text")), text(part.get("payload"))
    if kind == "interactive":
        choice = mapping(part.get(text(part.get("type")) or ""))
        return text(choice.get("title")) or text(choice.get("body")), text(choice.get("id")) or text(choice.get("response_json"))
    if kind == "reaction":
        return text(part.get("emoji")), None
    return text(part.get("caption")) or text(part.get("body")), None


def _preference(item: dict[str, Any], raw: dict[str, Any]) -> ProviderEvent:
    """The person stopped or resumed marketing messages in WhatsApp itself: `data.value` is `stop` or `resume`."""
    person = text(item.get("wa_id")) or text(item.get("user_id"))
    return ProviderEvent(
        event_id=event_id("preference", person or "", fingerprint(item)),
        kind=EventKind.OTHER,
        address=_phone(item.get("wa_id")),
        text=text(item.get("detail")),
        occurred_at=moment(item.get("timestamp")),
        data=known(type="user_preference", category=text(item.get("category")), value=text(item.get("value"))),
        raw={**raw, "user_preference": item},
        suppress={"stop": True, "resume": False}.get((text(item.get("value")) or "").lower()),
    )


def _template(value: dict[str, Any], time: str | None, raw: dict[str, Any]) -> ProviderEvent:
    """A template may be paused and approved again: the batch's time tells the second approval from a repeated delivery."""
    template_id, told = text(value.get("message_template_id")), (text(value.get("event")) or "UNKNOWN").upper()
    return ProviderEvent(
        event_id=event_id("template", template_id or "", told, fingerprint(value, time)),
        kind=EventKind.TEMPLATE,
        provider_ref=template_id,
        occurred_at=moment(time),
        data=known(
            provider_template_id=template_id,
            name=text(value.get("message_template_name")),
            language=text(value.get("message_template_language")),
            status=told,
            reason=text(value.get("reason")),
            category=text(value.get("message_template_category")),
        ),
        raw={**raw, "value": value},
    )


def _other(field: str, value: dict[str, Any], time: str | None, raw: dict[str, Any]) -> ProviderEvent:
    error = first_error(value.get("errors"))
    code = code_of(error)
    return ProviderEvent(
        event_id=event_id("other", field, fingerprint(value, time)),
        kind=EventKind.OTHER,
        error_code=str(code) if code is not None else None,
        error_message=clip(message_of(error)) if error else None,
        occurred_at=moment(time),
        data={"type": field},
        raw={**raw, "value": value},
    )


def _phone(value: Any) -> str | None:
    """WhatsApp writes numbers as digits; ours are E.164."""
    told = text(value)
    return f"+{told}" if told and told.isascii() and told.isdigit() else told
