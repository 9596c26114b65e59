"""Flows said in plain words: what triggers them, what each step does and when, how long things take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CONDITION_TYPES = {
    "lead_source": "Lead source",
    "entry_type": "Entry type",
    "tag": "Tag",
    "contact_field": "Contact field",
    "custom_field": "Custom field",
}
OPERATORS = {
    "equals": "is",
    "not_equals": "is not",
    "any": "is anything",
    "in": "is one of",
    "contains": "contains",
    "starts_with": "starts with",
    "exists": "is filled in",
    "greater_than": "is greater than",
    "less_than": "is less than",
}
WITHOUT_VALUE = ("any", "exists")
ENTRY_TYPES = {"email": "E-mail", "upload": "Upload", "integration": "Integration", "api": "API", "manual": "Manual"}
CALL_OUTCOMES = {
    "not_answered": "not answered",
    "answered": "answered",
    "missed": "missed",
    "busy": "busy",
    "voicemail": "sent to voicemail",
    "failed": "not connected",
    "unknown": "of unknown outcome",
}
MESSAGE_STATES = {"queued": "queued", "sent": "sent", "delivered": "delivered", "read": "read", "replied": "replied to", "failed": "failed"}
CONTACT_FIELDS = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "company": "Company",
    "timezone": "Time zone",
    "lead_source": "Lead source",
    "entry_type": "Entry type",
}
ACTION_TITLES = {
    "ai_call": "AI call",
    "whatsapp_message": "WhatsApp message",
    "email": "E-mail",
    "wait": "Wait",
    "sms": "SMS",
    "webhook": "Webhook",
    "update_contact": "Update contact",
    "notify_team": "Notify team",
    "split": "Split",
}
GATES = {
    "address": "Address",
    "kill_switch": "Kill switch",
    "dnc": "Do not call",
    "consent": "Consent",
    "holdout": "Hold-out",
    "exit_rules": "Exit rules",
    "condition": "Step condition",
    "legal_hours": "Legal hours",
    "flow_hours": "Flow hours",
    "holidays": "Holidays",
    "frequency_cap": "Frequency cap",
    "channel_health": "Channel health",
    "concurrency": "Free line",
    "rate": "Rate limit",
    "budget": "Budget",
    "re_entry": "Already running",
    "cooldown": "Cooldown",
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def joined(parts: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}" if parts else ""


def condition_in_words(condition: Mapping[str, Any]) -> str:
    """One trigger condition: `lead source is IndiaMART`, `custom field product contains pump`."""
    kind, operator = str(condition.get("condition_type") or ""), str(condition.get("condition_operator") or "equals")
    value = str(condition.get("condition_value") or "").strip()
    name = CONDITION_TYPES.get(kind, kind).lower()
    field = str(condition.get("condition_field") or "").strip()
    if kind == "contact_field" and field:
        name = CONTACT_FIELDS.get(field, field).lower()
    elif kind == "custom_field" and field:
        name = f"custom field “{field}”"
    if kind == "entry_type":
        value = ENTRY_TYPES.get(value, value)
    if kind == "tag" and operator in ("equals", "contains", "exists", "any"):
        return {"equals": f"has the tag {value or '…'}", "contains": f"has a tag with {value or '…'}", "exists": "has any tag"}.get(
            operator, "has any tags or none"
        )
    if operator in WITHOUT_VALUE:
        return f"{name} {OPERATORS[operator]}"
    if operator == "in":
        value = joined([v.strip() for v in value.split(",") if v.strip()], "or")
    return f"{name} {OPERATORS.get(operator, operator)} {value or '…'}"


def trigger_in_words(conditions: Iterable[Mapping[str, Any]]) -> str:
    """All of a flow's conditions as one phrase; a flow without any never starts by itself."""
    said = [condition_in_words(c) for c in conditions]
    if not said:
        return "Only by hand: no trigger condition"
    return f"When {joined(said)}"


def duration_in_words(seconds: float) -> str:
    """`45 seconds`, `10 minutes`, `1 hour 30 minutes`, `2 days`."""
    rest, parts = round(seconds), []
    for name, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    return " ".join(parts) or "0 seconds"


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def _wait(config: Mapping[str, Any]) -> str:
    seconds = _number(config.get("duration_minutes")) * 60 + _number(config.get("duration_seconds"))
    said = []
    if seconds or not (config.get("until_time") or config.get("wait_until_business_hours")):
        said.append(duration_in_words(seconds))
    if config.get("until_time"):
        said.append(f"until {str(config['until_time'])[:5]}")
    if config.get("wait_until_business_hours"):
        said.append("until business hours are open")
    return f"wait {', then '.join(said)}"


def _split(config: Mapping[str, Any]) -> str:
    arms = [arm for arm in config.get("arms") or [] if isinstance(arm, Mapping)] if isinstance(config.get("arms"), list) else []
    said = [
        f"{arm.get('name') or '…'} {_number(arm.get('percent')):g} %{' without contact' if arm.get('is_holdout') else ''}" for arm in arms
    ]
    return f"divide the leads: {joined(said)}" if said else "divide the leads among arms to be named"


def action_in_words(action_type: str, config: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What one step does, in lower case. `names` gives the label of each catalogue item by its id."""

    def named(key: str, missing: str) -> str:
        return names.get(str(config.get(key) or ""), missing)

    match action_type:
        case "ai_call":
            number = named("phone_number_id", "")
            again = int(_number(config.get("max_retries")))
            retries = f", calling again up to {again} time{'s' if again != 1 else ''}" if again else ""
            return f"call with {named('agent_id', 'an agent to be chosen')}{f' from {number}' if number else ''}{retries}"
        case "whatsapp_message":
            number = named("whatsapp_phone_number_id", "")
            return f"send the WhatsApp message {named('template_id', 'to be chosen')}{f' from {number}' if number else ''}"
        case "email":
            sender = str(config.get("from_name") or "").strip()
            return f"send the e-mail {named('email_template_id', 'to be chosen')}{f' as {sender}' if sender else ''}"
        case "wait":
            return _wait(config)
        case "split":
            return _split(config)
        case _:
            return action_type.replace("_", " ")


def when_in_words(condition_type: str | None, value: str | None, field: str | None) -> str:
    """When a step runs; empty for the usual case, which is: unless an exit rule has fired."""
    match condition_type or "":
        case "always":
            return "always, even after an exit rule"
        case "call_outcome":
            return f"if the last call was {CALL_OUTCOMES.get(value or '', '…')}"
        case "message_status":
            return f"if a message was {MESSAGE_STATES.get(value or '', '…')}"
        case "contact_field":
            name = (field or "…").removeprefix("custom_fields.")
            return f"if {CONTACT_FIELDS.get(name, name).lower() if field else name} is {value}" if value else f"if {name} is filled in"
        case "split":
            return f"in arm {value or '…'}" + (f" of {field}" if field else "")
        case _:
            return ""


def step_in_words(order: int, action: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A step as a sentence: `Then, if the last call was not answered, wait 10 minutes.`"""
    what = action_in_words(str(action.get("action_type") or ""), action.get("action_config") or {}, names)
    when = when_in_words(action.get("condition_type"), action.get("condition_value"), action.get("condition_field"))
    start = "First" if order == 1 else "Then"
    return f"{start}, {when}, {what}." if when else f"{start}, {what}."


def days_in_words(days: Iterable[int]) -> str:
    """`every day`, `Mon–Sat`, `Mon, Wed and Fri`."""
    chosen = sorted(set(days))
    if chosen == list(range(1, 8)):
        return "every day"
    if len(chosen) > 2 and chosen == list(range(chosen[0], chosen[-1] + 1)):
        return f"{DAYS[chosen[0] - 1]}–{DAYS[chosen[-1] - 1]}"
    return joined([DAYS[d - 1] for d in chosen]) or "no day"
