"""A provider's credentials and settings as forms, read off the adapter's models: a new adapter needs no form of its own."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from autoflows.providers.base import Provider
from autoflows.providers.forms import Limits
from autoflows.services.views.channels import FormField, ProviderForm

Kind = Literal["text", "number", "integer", "switch", "choice", "list"]

_KINDS: dict[Any, Kind] = {bool: "switch", int: "integer", float: "number"}


def form_of(provider: Provider) -> ProviderForm:
    """What a provider asks for."""
    return ProviderForm(
        provider=provider.name,
        title=provider.title,
        action_type=provider.action_type,
        has_webhooks=provider.has_webhooks,
        credentials=_fields(provider.Credentials),
        settings=_fields(provider.Settings),
    )


def _fields(model: type[BaseModel]) -> list[FormField]:
    """In the order of the model, and the limits that all channels have after what is the provider's own."""
    own_first = sorted(model.model_fields.items(), key=lambda item: item[0] in Limits.model_fields)
    return [_field(name, info) for name, info in own_first]


def _field(name: str, info: FieldInfo) -> FormField:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    annotation = _bare(info.annotation)
    is_choice = get_origin(annotation) is Literal
    is_list = get_origin(annotation) is list
    default = info.get_default(call_default_factory=True, validated_data={})
    return FormField(
        name=name,
        title=info.title or name,
        description=info.description or "",
        type="choice" if is_choice else "list" if is_list else _KINDS.get(annotation, "text"),
        required=info.is_required(),
        secret=bool(extra.get("secret")),
        advanced=bool(extra.get("advanced")),
        default=None if default is PydanticUndefined else default,
        choices=[str(choice) for choice in get_args(annotation)] if is_choice else [],
    )


def _bare(annotation: Any) -> Any:
    """What an optional field holds when it is filled in."""
    held = [part for part in get_args(annotation) if part is not type(None)]
    return held[0] if get_origin(annotation) in (Union, UnionType) and len(held) == 1 else annotation
