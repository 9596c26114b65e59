"""The httpx transport of every provider client: HTTP/1.1 over pooled asyncio sockets, connecting only where `url_guard` allows.

httpx's own transport asks all its idle connections at each request whether they still live, and takes a dozen locks on the way. Here
the connection used last is asked alone, a request leaves in one write, and nothing is sent that could not be written as a whole.
h11 keeps the protocol's rules on both sides.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict, deque
from typing import Any, cast

import h11
import httpx

from autoflows.providers import url_guard

MAX_HEAD_BYTES = 100 * 1024
"""Longest status line and headers taken from a vendor."""
CONNECT_SECONDS = 10.0
Origin = tuple[str, str, int]


class Wire(asyncio.Protocol):
    """One socket and its HTTP state: one exchange at a time."""

    def __init__(self) -> None:
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self.error: Exception | None = None
        self.unasked = False
        self.news: asyncio.Future[None] | None = None
        self.writable: asyncio.Future[None] | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.unasked |= self.idle_since > 0  # an answer to nothing: whatever it is, the next request must not get it
        self.http.receive_data(data)
        _tell(self.news)

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def _end(self, error: Exception | None) -> None:
        if not self.ended:
            self.ended, self.error = True, error
            self.http.receive_data(b"")  # h11's word for the end of the stream
        _tell(self.news)
        _tell(self.writable)

    def pause_writing(self) -> None:
        self.writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        _tell(self.writable)

    def close(self) -> None:
        """Close at once; what the vendor still sends is of no interest."""
        if self.transport is not None:
            self.transport.abort()

    def is_usable(self, keepalive: float) -> bool:
        """Whether the next request may go out on it."""
        return not self.ended and not self.unasked and time.monotonic() - self.idle_since < keepalive

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send all of it. Raises httpx.WriteTimeout, httpx.WriteError."""
        assert self.transport is not None
        self.transport.write(data)
        if self.writable is not None and not self.writable.done():
            try:
                async with asyncio.timeout(timeout):
                    await self.writable
            except TimeoutError:
                raise httpx.WriteTimeout("The request could not be written in time") from None

    async def event(self, timeout: float | None) -> Any:
        """The next event of the answer. Raises httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError."""
        while True:
            if self.ended and self.http.their_state is h11.SEND_RESPONSE and not self.http.trailing_data[0]:
                raise self._lost("Server disconnected without sending a response.")
            try:
                event = self.http.next_event()  # what came before the connection was lost still counts
            except h11.RemoteProtocolError as error:
                raise self._lost(str(error)) from error
            if event is not h11.NEED_DATA:
                return event
            self.news = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self.news
            except TimeoutError:
                raise httpx.ReadTimeout("No answer in time") from None
            finally:
                self.news = None

    def _lost(self, message: str) -> httpx.TransportError:
        return httpx.RemoteProtocolError(message) if self.error is None else httpx.ReadError(str(self.error))


def _tell(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


class Transport(httpx.AsyncBaseTransport):
    """Pooled connections by origin, the one used last first. Redirects and retries are not its business."""

    def __init__(self, *, allow_private: bool, verify: ssl.SSLContext, max_connections: int = 400, keepalive: float = 20.0) -> None:
        self.allow_private, self.verify, self.keepalive = allow_private, verify, keepalive
        self.idle: dict[Origin, deque[Wire]] = defaultdict(deque)
        self.slots = asyncio.Semaphore(max_connections)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, its answer read to the end. Raises httpx.TransportError; ConnectError and ConnectTimeout mean that nothing left."""
        limits = request.extensions.get("timeout", {})
        try:
            async with asyncio.timeout(limits.get("pool")):
                await self.slots.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("All connections are in use") from None
        try:
            url = request.url
            origin = (url.scheme, url.raw_host.decode().strip("[]"), url.port or (443 if url.scheme == "https" else 80))
            content = await request.aread()
            wire = self._take(origin) or await self._connect(origin, limits.get("connect"))
            try:
                answer = await self._exchange(wire, request, content, limits)
            except BaseException:
                wire.close()
                raise
            self._give_back(origin, wire)
            return answer
        finally:
            self.slots.release()

    async def _exchange(self, wire: Wire, request: httpx.Request, content: bytes, limits: dict[str, float | None]) -> httpx.Response:
        http = wire.http
        try:
            head = h11.Request(method=request.method.encode(), target=request.url.raw_path, headers=request.headers.raw)
            parts = [http.send(head), http.send(h11.Data(data=content)) if content else b"", http.send(h11.EndOfMessage())]
        except h11.LocalProtocolError as error:  # not a byte has been sent
            raise httpx.LocalProtocolError(str(error)) from error
        await wire.write(b"".join(part for part in parts if part), limits.get("write"))
        patience = limits.get("read")
        while not isinstance(event := await wire.event(patience), h11.Response):
            if event is h11.PAUSED:  # an upgrade to something that nobody asked for
                raise httpx.RemoteProtocolError("The answer is not HTTP/1.1")
        body = bytearray()
        while not isinstance(data := await wire.event(patience), h11.EndOfMessage):
            if not isinstance(data, h11.Data):
                raise httpx.RemoteProtocolError("The answer broke off")
            body += data.data
        return httpx.Response(
            event.status_code,
            headers=event.headers.raw_items(),
            stream=httpx.ByteStream(bytes(body)),
            extensions={"http_version": b"HTTP/" + event.http_version, "reason_phrase": event.reason},
        )

    def _take(self, origin: Origin) -> Wire | None:
        idle = self.idle[origin]
        while idle:
            wire = idle.pop()
            if wire.is_usable(self.keepalive):
                wire.idle_since = 0.0
                return wire
            wire.close()
        return None

    def _give_back(self, origin: Origin, wire: Wire) -> None:
        http = wire.http
        if wire.ended or http.our_state is not h11.DONE or http.their_state is not h11.DONE or http.trailing_data[0]:
            wire.close()
            return
        http.start_next_cycle()
        wire.idle_since = time.monotonic()
        idle = self.idle[origin]
        idle.append(wire)
        while not idle[0].is_usable(self.keepalive):
            idle.popleft().close()

    async def _connect(self, origin: Origin, timeout: float | None) -> Wire:
        """A new connection to the first address of the host that takes one, all within the timeout."""
        scheme, host, port = origin
        if scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"Addresses begin with http:// or https://, not {scheme}://")
        tls: dict[str, Any] = {"ssl": self.verify, "server_hostname": host} if scheme == "https" else {}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (CONNECT_SECONDS if timeout is None else timeout)
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await url_guard.resolve(host, port)
            if not self.allow_private:
                url_guard.check_addresses(host, addresses)
        except TimeoutError:
            raise httpx.ConnectTimeout(f"The address of {host} could not be found in time") from None
        except (OSError, UnicodeError, url_guard.AddressRefused) as error:
            raise httpx.ConnectError(str(error)) from error
        failure: httpx.TransportError = httpx.ConnectError(f"{host} has no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                async with asyncio.timeout((deadline - loop.time()) / left):
                    _, wire = await loop.create_connection(Wire, str(address), port, **tls)
                return wire
            except TimeoutError:
                failure = httpx.ConnectTimeout(f"{address} did not answer")
            except OSError as error:  # TLS errors among them
                failure = httpx.ConnectError(str(error))
        raise failure

    async def aclose(self) -> None:
        """Close what is idle; what is in use closes with its exchange."""
        for wires in self.idle.values():
            for wire in wires:
                wire.close()
        self.idle.clear()
