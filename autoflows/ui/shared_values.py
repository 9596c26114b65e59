"""Values that many tabs hold at once, so that nobody may change them in place."""

from __future__ import annotations

from typing import Any, NoReturn

from pydantic import BaseModel


class SharedList(list[Any]):
    """A list that refuses to be changed: other tabs show it, too. `[*it, more]` makes one's own."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("This list is shown by other tabs, too: make a new one and assign that.")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse  # type: ignore[assignment]
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedList, (list(self),)  # a copy by way of `append` would be refused


def shareable(value: Any) -> Any:
    """The value as many tabs may hold it: lists cannot be changed any more. Raises TypeError for what could be changed in place."""
    if isinstance(value, list):
        return SharedList(shareable(item) for item in value)
    if isinstance(value, BaseModel):
        if not value.model_config.get("frozen"):
            raise TypeError(f"{type(value).__name__} is shared by tabs: its model_config must say frozen=True.")
    elif isinstance(value, (dict, set)):
        raise TypeError(f"A {type(value).__name__} can be changed in place: give tabs a list or a frozen model.")
    return value
