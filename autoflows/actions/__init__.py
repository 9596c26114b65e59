"""Action types, a file each. `ACTIONS` is the registry; adding a type is one more file and one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from autoflows.actions import ai_call, email, split, wait, whatsapp_message
from autoflows.actions.base import ActionSpec, parse_config
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import ActionType

ACTIONS: dict[ActionType, ActionSpec] = {
    spec.action_type: spec for spec in (ai_call.SPEC, whatsapp_message.SPEC, email.SPEC, wait.SPEC, split.SPEC)
}


def validate_config(action_type: ActionType, config: Mapping[str, Any], pointer: str = "/action_config") -> BaseModel:
    """The typed config of a step. Raises Invalid with pointers under `pointer`, also for a type this version cannot perform."""
    spec = ACTIONS.get(action_type)
    if spec is None:
        known = ", ".join(t.value for t in ACTIONS)
        where = pointer.rsplit("/", 1)[0] + "/action_type"
        raise Invalid(f"'{action_type}' steps cannot be performed", errors=[FieldError(where, f"use one of {known}")])
    return parse_config(spec, config, pointer)
