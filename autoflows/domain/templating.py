"""Text written by users: Liquid, with limits. It can read what it is given and nothing else; a loop or output without end is refused."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from typing import Any

from liquid import Environment
from liquid.exceptions import LiquidError

from autoflows.domain.liquid_limits import LimitedTemplate, check_tags

MAX_TEMPLATE = 200_000
"""Characters of template text."""


class _Limited(Environment):
    template_class = LimitedTemplate
    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 200_000
    output_stream_limit = 1_000_000


def _environment(*, html: bool) -> Environment:
    environment = _Limited(autoescape=html)
    for name in ("include", "render"):  # there is nothing to include, and no copy of a rendering may have a budget of its own
        del environment.tags[name]
    return environment


_TEXT, _HTML = _environment(html=False), _environment(html=True)


class TemplateError(Exception):
    """A template cannot be read or rendered; the message is for the person who wrote it."""


@lru_cache(maxsize=200)
def _parsed(source: str, html: bool) -> LimitedTemplate:
    if len(source) > MAX_TEMPLATE:
        raise TemplateError(f"The template is longer than {MAX_TEMPLATE} characters")
    try:
        tags = check_tags(source)
        template = (_HTML if html else _TEXT).from_string(source)
    except Exception as error:
        raise _told(error) from None
    assert isinstance(template, LimitedTemplate)
    template.tags = tags
    return template


def check_template(source: str, *, html: bool = False) -> None:
    """Raise TemplateError if the text is not valid Liquid, or uses a filter that there is not: said when it is saved, not at each send."""
    template = _parsed(source, html)
    used = template.analyze(include_partials=False).filters
    unknown = sorted((spans[0].index, name) for name, spans in used.items() if name not in template.env.filters)
    if unknown:
        index, name = unknown[0]
        raise TemplateError(f"line {source.count(chr(10), 0, index) + 1}: unknown filter '{name}'")


def render(source: str, data: Mapping[str, Any], *, html: bool = False) -> str:
    """Render Liquid over `data`; with `html`, values are escaped. Unknown names render empty. Raises TemplateError."""
    template = _parsed(source, html)
    try:
        return str(template.render(**data))
    except Exception as error:
        raise _told(error) from None


def _told(error: Exception) -> TemplateError:
    """Whatever goes wrong with a user's template is the template's: the library lets arithmetic and recursion errors through."""
    if not isinstance(error, LiquidError):
        return TemplateError(f"The template cannot be rendered ({type(error).__name__})")
    context = error.context()
    return TemplateError(f"line {context[0]}: {error.message}" if context else str(error.message))


_TAG = re.compile(r"<[^<>]*>")
_BLOCK_END = re.compile(r"(?i)<br\s*/?>|</(p|div|h[1-6]|li|tr)>")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UNSEEN = re.compile(r"(?i)<(style|script|head)\b|<!--")


def text_of_html(html: str) -> str:
    """A readable plain-text part for an e-mail that has only HTML."""
    lines = _TAG.sub("", _BLOCK_END.sub("\n", _seen(html))).splitlines()
    return "\n".join(line.strip() for line in unescape("\n".join(lines)).splitlines() if line.strip())


def _seen(html: str) -> str:
    """Without comments, styles, scripts and the head; what is not closed reaches to the end, as in a browser."""
    parts, position = [], 0
    lowered = html.translate(_LOWER)  # keeps every position, which str.lower() does not
    while (opening := _UNSEEN.search(html, position)) is not None:
        parts.append(html[position : opening.start()])
        closing = f"</{opening.group(1).lower()}>" if opening.group(1) else "-->"
        end = lowered.find(closing, opening.end())
        if end < 0:
            return "".join(parts)
        position = end + len(closing)
    return "".join(parts) + html[position:]
