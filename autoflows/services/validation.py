"""Pydantic's findings in plain words, for every edge that validates what a person or program sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from autoflows.domain.errors import FieldError, Invalid

_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field; check the spelling or leave it out",
    "json_type": "must be JSON",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "uuid_parsing": "must be an id (a UUID)",
    "uuid_type": "must be an id (a UUID)",
    "frozen_field": "cannot be changed",
    "none_required": "must be null",
}


def pointer_of(location: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901) from the path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def sentence_of(finding: Mapping[str, Any]) -> str:
    """What is wrong with one value, to be read after its name."""
    if finding["type"] in _SENTENCES:
        return _SENTENCES[finding["type"]]
    text = str(finding["msg"]).removeprefix("Value error, ")
    for said, better in (("Input should be ", "must be "), ("String should have ", "must have "), ("String should ", "must ")):
        text = text.replace(said, better)
    return text.replace("List should have", "must have").replace("Value should have", "must have")


def invalid(error: ValidationError, prefix: str = "", detail: str = "Some values cannot be used.") -> Invalid:
    """The error to raise for a pydantic one; `prefix` is the pointer of the value that was validated."""
    return Invalid(detail, errors=[FieldError(prefix + pointer_of(e["loc"]), sentence_of(e)) for e in error.errors()])
