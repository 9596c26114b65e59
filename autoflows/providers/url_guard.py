"""No request of ours may be sent into our own network because a user typed an address (server-side request forgery).

Addresses are judged when a channel is saved, to tell the user at once, and again at every connect, on the very address that is
then connected to, since a name may resolve to something else by then.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
ESCAPE = "set AUTOFLOWS_ALLOW_PRIVATE_NETWORK=1 if this server may reach its own network"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(ValueError):
    """The address is in a private, loopback or otherwise special network; the message is a sentence for the user."""


def is_public(address: Address) -> bool:
    """Whether an address is on the open internet, looking through the ways to wrap IPv4 in IPv6 (IANA special-purpose registries)."""
    if isinstance(address, ipaddress.IPv6Address):
        if (wrapped := address.ipv4_mapped or address.sixtofour) is not None:
            return is_public(wrapped)
        if address.teredo is not None:
            return False
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


async def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host, in the resolver's order. Raises OSError if it cannot be found."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found))


def check_addresses(host: str, addresses: Iterable[Address]) -> None:
    """Raise AddressRefused if any of a host's addresses is not public."""
    for address in addresses:
        if not is_public(address):
            named = host if host == str(address) else f"{host} ({address})"
            raise AddressRefused(f"{named} is an address of a private or local network, which is not allowed; {ESCAPE}")


async def check_host(host: str, port: int = 443, *, allow_private: bool) -> None:
    """Raise AddressRefused if `host` resolves into a private network. A host that cannot be found passes: connecting to it fails anyway."""
    if allow_private:
        return
    try:
        addresses = await resolve(host.strip("[]"), port)
    except (OSError, UnicodeError):
        return
    check_addresses(host, addresses)


async def check_url(url: str, *, allow_private: bool) -> None:
    """`check_host` for the host of an http(s) address."""
    parts = urlsplit(url)
    await check_host(parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443), allow_private=allow_private)
