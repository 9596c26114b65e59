"""Text written by users: Liquid, with limits. It can read what it is given and nothing else; a loop or output without end is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError

MAX_TEMPLATE = 200_000
"""Characters of template text."""


class _Limited(Environment):
    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 200_000
    output_stream_limit = 1_000_000


_TEXT = _Limited()
_HTML = _Limited(autoescape=True)


class TemplateError(Exception):
    """A template cannot be read or rendered; the message is for the person who wrote it."""


@lru_cache(maxsize=500)
def _parsed(source: str, html: bool) -> BoundTemplate:
    if len(source) > MAX_TEMPLATE:
        raise TemplateError(f"The template is longer than {MAX_TEMPLATE} characters")
    try:
        return (_HTML if html else _TEXT).from_string(source)
    except LiquidError as error:
        raise TemplateError(str(error)) from None


def check_template(source: str, *, html: bool = False) -> None:
    """Raise TemplateError if the text is not valid Liquid."""
    _parsed(source, html)


def render(source: str, data: Mapping[str, Any], *, html: bool = False) -> str:
    """Render Liquid over `data`; with `html`, values are escaped. Unknown names render empty. Raises TemplateError."""
    try:
        return str(_parsed(source, html).render(**data))
    except LiquidError as error:
        raise TemplateError(str(error)) from None


_TAG = re.compile(r"<[^>]+>")
_BLOCK_END = re.compile(r"(?i)<br\s*/?>|</(p|div|h[1-6]|li|tr)>")
_UNSEEN = re.compile(r"(?is)<(style|script|head)\b.*?</\1>")


def text_of_html(html: str) -> str:
    """A readable plain-text part for an e-mail that has only HTML."""
    lines = _TAG.sub("", _BLOCK_END.sub("\n", _UNSEEN.sub("", html))).splitlines()
    return "\n".join(line.strip() for line in unescape("\n".join(lines)).splitlines() if line.strip())
