"""One HTTP request to a vendor, and the one question that matters when it fails: may the vendor have acted?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from autoflows.domain.outcomes import ErrorClass, Refused, Unanswered
from autoflows.providers.base import Connection, ProviderUnavailable
from autoflows.providers.payload import mapping, storable

MAX_MESSAGE = 500
"""Longest vendor message kept in an error."""


async def exchange(connection: Connection, method: str, url: str, **options: Any) -> httpx.Response | Refused | Unanswered:
    """Send one request, once, without following redirects, within `connection.timeout_seconds`; never raises for the network.

    `Refused` when no connection was made (or the request cannot be written at all), so the vendor surely did not act.
    `Unanswered` when the request may have left: a lost connection, a timeout, an answer that broke off.
    """
    limit = connection.timeout_seconds
    try:
        request = connection.http.build_request(method, url, timeout=httpx.Timeout(limit), **options)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError, TypeError) as error:
        return _unsendable(error)
    try:
        async with asyncio.timeout(limit + 1):  # httpx limits each read, not their sum
            return await connection.http.send(request, follow_redirects=False)
    except httpx.ConnectTimeout:
        return Refused(ErrorClass.TRANSIENT, "connect_timeout", f"{request.url.host} could not be reached within {limit:g} s.")
    except httpx.ConnectError as error:
        return Refused(ErrorClass.TRANSIENT, "connect_failed", clip(f"{request.url.host} could not be reached: {error}"))
    except httpx.PoolTimeout:
        return Refused(ErrorClass.TRANSIENT, "pool_timeout", f"No free connection to {request.url.host} within {limit:g} s.")
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        return _unsendable(error)
    except httpx.TimeoutException:
        return Unanswered(f"{request.url.host} did not answer within {limit:g} s.")
    except TimeoutError:
        return Unanswered(f"{request.url.host} did not finish its answer within {limit:g} s.")
    except (httpx.HTTPError, OSError) as error:  # TLS errors while reading come through httpx as they are
        return Unanswered(clip(f"The connection to {request.url.host} was lost: {type(error).__name__} {error}"))


def _unsendable(error: Exception) -> Refused:
    return Refused(ErrorClass.ACCOUNT, "request_invalid", clip(f"The request cannot be sent, check the channel's settings: {error}"))


def redirected(answer: httpx.Response) -> Refused:
    """What a 3xx means: nothing was done here, and a contact attempt is not repeated elsewhere unasked."""
    where = answer.headers.get("location", "another address")
    message = f"The API address redirects to {where}: correct it in the channel's settings."
    return Refused(ErrorClass.ACCOUNT, f"http_{answer.status_code}", clip(message))


async def fetch(connection: Connection, method: str, url: str, **options: Any) -> httpx.Response:
    """A request that contacts no one (reading, checking). Raises `ProviderUnavailable` unless an HTTP answer came."""
    answer = await exchange(connection, method, url, **options)
    if isinstance(answer, httpx.Response):
        return answer
    raise ProviderUnavailable(answer.message)


def json_of(response: httpx.Response) -> Any:
    """The answer's JSON, safe to store, or None where it is not JSON."""
    try:
        return storable(response.json())
    except (ValueError, RecursionError):
        return None


def object_of(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object, or an empty one."""
    return mapping(json_of(response))


def retry_after(response: httpx.Response) -> float | None:
    """Seconds from a `Retry-After` header (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def clip(message: str) -> str:
    """`message` on one line, cut to `MAX_MESSAGE`."""
    line = " ".join(message.split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"
