"""What a failure of the database or broker means to the person waiting: the one table from their codes to our errors."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import redis.exceptions
import sqlalchemy.exc as sa

from autoflows.domain.errors import AutoflowsError, Conflict, Invalid, Unavailable

_DOWN = "The database does not answer just now; please try again in a moment."

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: dict[str, tuple[type[AutoflowsError], str]] = {
    "23503": (Conflict, "Something this refers to does not exist, or is still in use."),
    "23505": (Conflict, "There is one like this already."),
    "40001": (Conflict, "Somebody else changed this at the same moment; please try again."),
    "40P01": (Conflict, "Somebody else changed this at the same moment; please try again."),
    # What asyncpg refuses to send has the class's own code.
    "22000": (Invalid, "A value cannot be stored: it is out of range, or holds a character that is not allowed."),
    "22003": (Invalid, "A number is too large."),
    "22021": (Invalid, "A text holds a character that cannot be stored."),
    "22P05": (Invalid, "A text holds a character that cannot be stored."),
    "22001": (Invalid, "A text is too long."),
}
_DOWN_CLASSES = ("08", "53", "57P")  # connection, resources, operator intervention
# The driver has no word for a loss in the middle of several statements but `InternalClientError`.
_LOST = (ConnectionError, sa.TimeoutError, asyncpg.InternalClientError)


def explain(error: BaseException) -> AutoflowsError | None:
    """The error to show for a failure of the database or broker; None if it is neither, so a fault of ours."""
    for cause in _causes(error):
        if isinstance(cause, redis.exceptions.ConnectionError | redis.exceptions.TimeoutError):
            return Unavailable("The message broker does not answer just now; please try again in a moment.")
        state = str(getattr(cause, "sqlstate", None) or "")
        if state in _BY_STATE:
            kind, sentence = _BY_STATE[state]
            return kind(sentence)
        if state.startswith(_DOWN_CLASSES) or isinstance(cause, _LOST) or _closed(cause) or _never_connected(cause):
            return Unavailable(_DOWN)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__


def _closed(error: BaseException) -> bool:
    """Whether asyncpg found its connection or pool closed; its other interface errors are misuse, so faults of ours."""
    return isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)


def _never_connected(error: BaseException) -> bool:
    """Whether asyncpg failed to open a connection: a missing socket file, a name that does not resolve, or no answer in time."""
    if not isinstance(error, OSError | TimeoutError):
        return False
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "asyncpg.connect_utils":
            return True
        trace = trace.tb_next
    return False
