"""The guard of outgoing addresses, at save and at connect time."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from typing import Any

import httpx
import pytest

from autoflows.providers import url_guard
from autoflows.providers.transport import Transport
from autoflows.providers.url_guard import AddressRefused, check_host, check_url, is_public

PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1",
)  # fmt: skip
PUBLIC = ("8.8.8.8", "13.203.39.153", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


def test_special_networks_are_known_by_all_their_spellings() -> None:
    assert [a for a in PRIVATE if is_public(ipaddress.ip_address(a))] == []
    assert [a for a in PUBLIC if not is_public(ipaddress.ip_address(a))] == []


async def test_addresses_users_type() -> None:
    for url in ("http://127.1/", "http://0x7f000001/", "http://localhost:80/", "https://[::1]:443/x", "http://2130706433/"):
        with pytest.raises(AddressRefused, match="AUTOFLOWS_ALLOW_PRIVATE_NETWORK"):
            await check_url(url, allow_private=False)
        await check_url(url, allow_private=True)
    await check_host("no-such-host.invalid", allow_private=False)
    await check_host("8.8.8.8", allow_private=False)


def client(*, allow_private: bool) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=Transport(allow_private=allow_private, verify=ssl.create_default_context()), timeout=5)


async def test_a_name_that_turns_private_after_saving_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answers = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1", "127.0.0.1"])

    async def resolve(host: str, port: int) -> list[Any]:
        """A name server whose answer changes between the look and the connection."""
        return [ipaddress.ip_address(next(answers))]

    monkeypatch.setattr(url_guard, "resolve", resolve)
    url = f"http://rebinding.example:{port}/"
    async with server:
        await check_url(url, allow_private=False)
        async with client(allow_private=False) as guarded:
            with pytest.raises(httpx.ConnectError, match="AUTOFLOWS_ALLOW_PRIVATE_NETWORK"):
                await guarded.get(url)
            with pytest.raises(httpx.ConnectError, match="AUTOFLOWS_ALLOW_PRIVATE_NETWORK"):
                await guarded.get(f"http://127.0.0.1:{port}/")
        assert reached == []
        async with client(allow_private=True) as free:
            assert (await free.get(f"http://127.0.0.1:{port}/")).text == "ok"
    assert len(reached) == 1


async def test_the_judged_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def resolve(host: str, port: int) -> list[Any]:
        return [ipaddress.ip_address("8.8.8.8"), ipaddress.ip_address("1.1.1.1")]

    async def connect(factory: Any, host: str, *args: Any, **options: Any) -> Any:
        tried.append(host)
        raise ConnectionRefusedError("no")

    monkeypatch.setattr(url_guard, "resolve", resolve)
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connect)
    async with client(allow_private=False) as guarded:
        with pytest.raises(httpx.ConnectError):
            await guarded.get("http://api.example.com/")
    assert tried == ["8.8.8.8", "1.1.1.1"]
