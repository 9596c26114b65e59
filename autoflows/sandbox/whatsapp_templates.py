"""The WhatsApp templates of the sandbox's business account, and the checks that Graph makes before it takes a message."""

from __future__ import annotations

import re
from typing import Any


class GraphError(Exception):
    """An answer with Graph's error body."""

    def __init__(self, status: int, code: int, message: str, details: str = "", subcode: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details, self.subcode = status, code, message, details, subcode


def _template(number: int, name: str, category: str, body: str, *extra: dict[str, Any], named: bool = False) -> dict[str, Any]:
    return {
        "id": f"90010020030{number}",
        "name": name,
        "language": "en",
        "status": "APPROVED",
        "category": category,
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": [{"type": "BODY", "text": body}, *extra],
    }


TEMPLATES = [
    _template(
        1,
        "lead_welcome",
        "MARKETING",
        "Hello {{1}}, thank you for your enquiry about {{2}}. Our team will call you shortly.",
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Call me"}, {"type": "QUICK_REPLY", "text": "Stop"}]},
    ),
    _template(2, "missed_call", "UTILITY", "Hello {{1}}, we tried to call you about your enquiry. When may we call again?"),
    _template(
        3,
        "catalogue",
        "MARKETING",
        "Hello {{first_name}}, here is our catalogue for {{product}}.",
        {"type": "FOOTER", "text": "Reply STOP to hear no more from us."},
        named=True,
    ),
]


def check_template(given: Any) -> None:
    """Raise `GraphError` for what Graph refuses in a template message."""
    if not isinstance(given, dict) or not isinstance(given.get("language"), dict):
        raise GraphError(400, 131008, "Required parameter is missing", "template.name and template.language.code are required")
    language = given["language"].get("code")
    template = next((t for t in TEMPLATES if t["name"] == given.get("name") and t["language"] == language), None)
    if template is None:
        details = f"template name ({given.get('name')}) does not exist in {language}"
        raise GraphError(404, 132001, "Template name does not exist in the translation", details)
    wanted = re.findall(r"\{\{(\w+)\}\}", template["components"][0]["text"])
    parameters = _parameters(given)
    if len(parameters) != len(wanted):
        details = f"body: number of localizable_params ({len(parameters)}) does not match the expected number of params ({len(wanted)})"
        raise GraphError(400, 132000, "Number of parameters does not match the expected number of params", details)
    for parameter in parameters:
        if parameter.get("type") != "text" or not isinstance(parameter.get("text"), str) or not parameter["text"]:
            raise GraphError(400, 131008, "Required parameter is missing", "Parameter of type text is missing text value")
        if re.search(r"[\n\t]| {5,}", parameter["text"]):
            details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            raise GraphError(400, 132018, "Invalid parameter", details)
    if template["parameter_format"] == "NAMED" and {p.get("parameter_name") for p in parameters} != set(wanted):
        message = "Parameter format does not match format in the created template"
        raise GraphError(400, 132012, message, "Parameter name is missing or unknown")


def _parameters(given: dict[str, Any]) -> list[dict[str, Any]]:
    components = given.get("components") or []
    if not isinstance(components, list) or not all(isinstance(part, dict) for part in components):
        raise GraphError(400, 100, "Invalid parameter", "template.components must be a list of objects")
    body: dict[str, Any] = next((part for part in components if str(part.get("type")).lower() == "body"), {})
    parameters = body.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(p, dict) for p in parameters):
        raise GraphError(400, 100, "Invalid parameter", "parameters must be a list of objects")
    return parameters


def filled(body: dict[str, Any]) -> str:
    """The text that the person reads."""
    if body["type"] == "text":
        return str(body["text"]["body"])
    template = next(t for t in TEMPLATES if t["name"] == body["template"]["name"])
    texts = {str(p.get("parameter_name") or i): p["text"] for i, p in enumerate(_parameters(body["template"]), 1)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: texts.get(found.group(1), ""), template["components"][0]["text"])
