"""Turn the host to dial into addresses; in which order and how long they are tried is left to `dial`."""

import asyncio
import ipaddress
import socket
from typing import NamedTuple


class Address(NamedTuple):
    """One address to dial."""

    family: int
    """`AF_INET` or `AF_INET6`."""
    host: str
    """The address as text, possibly with an IPv6 scope."""
    sockaddr: tuple[str, int] | tuple[str, int, int, int]
    """What `connect` takes."""


Outcome = list[Address] | OSError


class Resolver:
    """Asks the system's resolver, once at a time for each host.

    A name server that hangs takes at most one thread of the event loop's pool for each host, however many wait.
    """

    def __init__(self) -> None:
        self._asking: dict[tuple[str, int], asyncio.Task[Outcome]] = {}

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Give the addresses of `host` in the order they should be tried; never empty.

        An IP literal asks nobody, and neither does `localhost` with the names below it (RFC 6761 §6.3).
        Raises: `OSError` (`socket.gaierror`) when the name is not known.
        """
        known = _known_addresses(host, port)
        if known:
            return known
        outcome = await asyncio.shield(self._ask(host, port))
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    def _ask(self, host: str, port: int) -> asyncio.Task[Outcome]:
        task = self._asking.get((host, port))
        if task is None:
            loop = asyncio.get_running_loop()
            task = self._asking[host, port] = loop.create_task(_look_up(loop, host, port), name=f"resolve {host}")
            task.add_done_callback(lambda _task: self._asking.pop((host, port), None))
        return task


async def _look_up(loop: asyncio.AbstractEventLoop, host: str, port: int) -> Outcome:
    """Return a failure as a value: nobody may be left to take it as an exception."""
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        return exc
    except UnicodeError:  # a label too long for the encoding of host names
        return socket.gaierror(socket.EAI_NONAME, "the name is not a host name")
    addresses = [_address(family, sockaddr) for family, _, _, _, sockaddr in found]
    return list(dict.fromkeys(addresses)) or socket.gaierror(socket.EAI_NONAME, "the name has no address")


def _address(family: int, sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> Address:
    host = sockaddr[0]
    assert isinstance(host, str)  # (int, bytes) occurs only where Python was built without IPv6
    return Address(family, host, sockaddr)  # type: ignore[arg-type]  # see the line above


def _known_addresses(host: str, port: int) -> list[Address]:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return [_literal("127.0.0.1", port), _literal("::1", port)]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return []
    return [_literal(host, port)] if "%" not in host else []  # a scope's name needs the system's resolver


def _literal(host: str, port: int) -> Address:
    if ":" in host:
        return Address(socket.AF_INET6, host, (host, port, 0, 0))
    return Address(socket.AF_INET, host, (host, port))
