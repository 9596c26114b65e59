"""How much work a template may be. The Liquid library limits nesting and output; it does not limit the time that parsing and filters take.

A template's text is refused before parsing if its tags are malformed in ways the parser needs minutes for. While rendering, loops,
filters and assignments draw on one budget, so a template ends in about a second or is refused, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from liquid import BoundTemplate, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.token import Token

MAX_TAG, MAX_PARENTHESES = 2_000, 20
"""Characters, and opening parentheses, of one `{{ ... }}` or `{% ... %}`."""
MAX_RANGE = 10_000
"""Numbers in a range such as `(1..10)`, in a loop or not."""
BUDGET = 2_000_000
"""Units of work per rendering: characters through filters, and for each turn of a loop the number of tags in the template."""

_OPENING = re.compile(r"\{[{%]")
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")


class TooMuchWork(LiquidError):
    """The template would take too long or too much memory."""

    def __init__(self, message: str) -> None:
        super().__init__(message, token=None)


def check_tags(source: str) -> int:
    """The number of tags in the text. Raises LiquidError for tags that are not closed or are longer than any real one."""
    count, position = 0, 0
    while (opening := _OPENING.search(source, position)) is not None:
        start, closing = opening.start(), "}}" if opening.group() == "{{" else "%}"
        end = source.find(closing, opening.end(), start + MAX_TAG)
        if end < 0:
            raise _unreadable(source, start, f"'{opening.group()}' is not closed by '{closing}' within {MAX_TAG} characters")
        inside = source[opening.end() : end]
        if _OPENING.search(inside) or inside.count("(") > MAX_PARENTHESES:
            raise _unreadable(source, start, f"a tag holds another tag, or more than {MAX_PARENTHESES} parentheses")
        count, position = count + 1, end + 2
    if len(_RAW.findall(source)) > source.count("endraw"):
        raise TooMuchWork("a 'raw' tag is not closed by 'endraw'")
    return count


def _unreadable(source: str, position: int, message: str) -> TooMuchWork:
    return TooMuchWork(f"line {source.count(chr(10), 0, position) + 1}: {message}")


class LimitedContext(RenderContext):
    """A rendering in progress, and what is left of its budget."""

    __slots__ = ("spent",)

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        self.spent = 0

    def spend(self, units: int) -> None:
        """Take units off the budget. Raises TooMuchWork when it is used up."""
        self.spent += units
        if self.spent > BUDGET:
            raise TooMuchWork("the template does too much work: shorten its loops and texts")

    def raise_for_loop_limit(self, length: int = 1) -> None:
        super().raise_for_loop_limit(length)
        self.spend(length * (1 + getattr(self.template, "tags", 0)))

    def assign(self, key: str, val: Any) -> None:
        super().assign(key, val)
        self.spend(1 + len(self.locals))

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        apply = super().filter(name, token=token)

        def limited(left: object, *args: object, **options: object) -> object:
            self.spend(_size(left) + sum(_size(a) for a in args) + _growth(name, left, args))
            result = apply(left, *args, **options)
            self.spend(_size(result))
            return result

        return limited


class LimitedTemplate(BoundTemplate):
    """A parsed template that renders within the budget; `tags` is the number of its tags."""

    context_class = LimitedContext
    tags = 0


def _size(value: object) -> int:
    if isinstance(value, str):
        return 1 + len(value)
    if isinstance(value, list | tuple | range):
        return 1 + len(value) + sum(len(item) for item in value if isinstance(item, str | list | tuple))
    return 1 + value.bit_length() // 8 if isinstance(value, int) else 1


def _growth(name: str, left: object, args: tuple[object, ...]) -> int:
    """What a filter's work exceeds its arguments by, for those where it is more than a constant factor."""
    if name == "replace" and len(args) == 2:
        text, old, new = str(left), str(args[0]), str(args[1])
        return (text.count(old) if old else len(text) + 1) * len(new)
    if name == "join" and isinstance(left, list | tuple | range):
        return len(left) * (len(str(args[0])) if args else 1)
    if name == "uniq" and isinstance(left, list | tuple | range):
        return len(left) ** 2
    if name == "times" and isinstance(left, int) and args and isinstance(args[0], int):
        return left.bit_length() * args[0].bit_length() // 64
    return 0


def _short_range(self: RangeLiteral, start: Any, stop: Any) -> range:
    numbers = _any_range(self, start, stop)
    if len(numbers) > MAX_RANGE:
        raise TooMuchWork(f"a range of more than {MAX_RANGE} numbers")
    return numbers


# The library has no setting for this: outside of loops it walks through ranges of any length.
_any_range = RangeLiteral._make_range
RangeLiteral._make_range = _short_range  # type: ignore[method-assign]
