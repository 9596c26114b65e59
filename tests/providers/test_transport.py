"""Our httpx transport against servers that behave, and servers that do not."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from autoflows.providers import url_guard
from autoflows.providers.transport import Transport

Talk = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that reads a request whole and lets `talk` answer; its port, and the number of requests on each connection."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(0)
        mine = len(requests) - 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").lower().split("\r\n")
                length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
                requests[mine] += 1
                await talk(head + await reader.readexactly(length), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


def saying(*parts: bytes, close: bool = False) -> Talk:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        if close:
            raise ConnectionError

    return talk


def client(verify: ssl.SSLContext | None = None, *, timeout: float = 5.0, **options: int | float) -> httpx.AsyncClient:
    transport = Transport(allow_private=True, verify=verify or ssl.create_default_context(), **options)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, timeout=timeout)


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with serving(saying(OK)) as (port, requests), client() as http:
        for n in range(5):
            answer = await http.post(f"http://127.0.0.1:{port}/", json={"n": n})
            assert (answer.status_code, answer.text, answer.reason_phrase) == (200, "ok", "OK")
        assert requests == [5]


async def test_requests_at_once_have_a_connection_each_up_to_the_limit() -> None:
    async with serving(saying(OK)) as (port, requests), client(max_connections=3) as http:
        answers = await asyncio.gather(*(http.get(f"http://127.0.0.1:{port}/") for _ in range(12)))
        assert [a.text for a in answers] == ["ok"] * 12
        assert (len(requests), sum(requests)) == (3, 12)


async def test_no_free_connection_within_the_limit() -> None:
    async with serving(saying(b"")) as (port, _), client(max_connections=1, timeout=0.2) as http:
        answers = await asyncio.gather(*(http.get(f"http://127.0.0.1:{port}/") for _ in range(2)), return_exceptions=True)
        assert {type(a) for a in answers} == {httpx.ReadTimeout, httpx.PoolTimeout}


async def test_a_connection_the_server_closed_meanwhile_is_not_used_again() -> None:
    async with serving(saying(OK, close=True)) as (port, requests), client() as http:
        for _ in range(3):
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"
            await asyncio.sleep(0.05)
        assert requests == [1, 1, 1]


async def test_a_connection_is_not_used_after_its_time() -> None:
    async with serving(saying(OK)) as (port, requests), client(keepalive=0.05) as http:
        for _ in range(2):
            await http.get(f"http://127.0.0.1:{port}/")
            await asyncio.sleep(0.1)
        assert requests == [1, 1]


async def test_an_answer_to_nothing_is_given_to_nobody() -> None:
    async with serving(saying(OK, OK.replace(b"ok", b"no"))) as (port, requests), client() as http:
        for _ in range(2):
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"
            await asyncio.sleep(0.05)
        assert requests == [1, 1]


@pytest.mark.parametrize(
    ("parts", "close", "text"),
    [
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"), False, "abcde"),
        ((b"HTTP/1.1 200 OK\r\n\r\nuntil", b" the end"), True, "until the end"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", OK), False, "ok"),
        ((b"HTTP/1.1 200 O", b"K\r\nContent-Le", b"ngth: 2\r\n\r\no", b"k"), False, "ok"),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), False, ""),
        ((b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",), False, "ok"),
        ((b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",), False, ""),
    ],
)
async def test_answers_of_every_shape(parts: tuple[bytes, ...], close: bool, text: str) -> None:
    async with serving(saying(*parts, close=close)) as (port, _), client() as http:
        for _ in range(2):
            assert (await http.get(f"http://127.0.0.1:{port}/", follow_redirects=False)).text == text


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((), httpx.RemoteProtocolError),
        ((b"HTTP/1.1 200 OK\r\nContent-",), httpx.RemoteProtocolError),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",), httpx.RemoteProtocolError),
        ((b"SSH-2.0-x\r\n\r\n",), httpx.RemoteProtocolError),
        ((b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",), httpx.RemoteProtocolError),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,), httpx.RemoteProtocolError),
    ],
)
async def test_answers_that_are_none(parts: tuple[bytes, ...], error: type[Exception]) -> None:
    async with serving(saying(*parts, close=True)) as (port, _), client() as http:
        with pytest.raises(error):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_what_came_before_a_reset_counts() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER of 0: closing sends a reset
        writer.transport.abort()

    async with serving(talk) as (port, _), client() as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"


async def test_an_answer_that_does_not_come_in_time() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")) as (port, requests), client(timeout=0.1) as http:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await http.get(f"http://127.0.0.1:{port}/")
        assert requests == [1, 1], "half an answer is not read on by the next request"


async def test_a_large_request_arrives_whole() -> None:
    sizes: list[int] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(len(request.partition(b"\r\n\r\n")[2]))
        writer.write(OK)

    async with serving(talk) as (port, _), client() as http:
        await http.post(f"http://127.0.0.1:{port}/", content=b"x" * 5_000_000)
    assert sizes == [5_000_000]


async def test_a_request_that_cannot_be_written_sends_nothing() -> None:
    async with serving(saying(OK)) as (port, requests), client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(f"http://127.0.0.1:{port}/", headers={"X-Name": "a\r\nb"})
        assert sum(requests) == 0
        with pytest.raises(httpx.UnsupportedProtocol):
            await http.get("gopher://127.0.0.1/")


async def test_the_second_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[url_guard.Address]:
        return [ipaddress.ip_address("127.0.0.2"), ipaddress.ip_address("127.0.0.1")]

    monkeypatch.setattr(url_guard, "resolve", resolve)
    async with serving(saying(OK)) as (port, _), client() as http:
        assert (await http.get(f"http://api.example:{port}/")).text == "ok"


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A key and its self-signed certificate for a host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, secret


async def test_tls_is_checked_against_the_name(tmp_path: Path) -> None:
    pem, secret = certificate("localhost", tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    trusting = ssl.create_default_context(cafile=str(pem))
    async with serving(saying(OK), server) as (port, requests):
        async with client(trusting) as http:
            for _ in range(3):
                assert (await http.post(f"https://localhost:{port}/", json={"a": 1})).text == "ok"
            assert sum(requests) == 3
            assert max(requests) == 3, "the TLS connection is kept"
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await http.get(f"https://127.0.0.1:{port}/")
        async with client() as strict:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await strict.get(f"https://localhost:{port}/")
        assert sum(requests) == 3
