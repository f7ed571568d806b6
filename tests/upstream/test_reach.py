"""Reaching a backend over TCP: which address, how long, and the sentence when none answers."""

import errno
import socket

import pytest

from proxy.errors import UpstreamUnreachable
from proxy.model.sites import Server
from proxy.upstream.reach import Reach, place, raise_for
from proxy.upstream.resolve import Address
from tests.loopback import KINDS, run_on

LOCAL = Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 443))


def server_at(host: str, port: int) -> Server:
    """Make a server that is dialled at host and port."""
    return Server(
        site="Branch",
        url="https://cas02/owa",
        host="cas02",
        port=443,
        connect_host=host,
        connect_port=port,
        tls_name="cas02",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_next_address_is_tried(kind):
    """The first address of `branch.localhost` refuses, the second answers: it is used, without a delay of its own."""

    async def work(_transports):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
            port = listening.getsockname()[1]
            sock, address = await Reach().connect(server_at("branch.localhost", port), 5.0)
            with sock:
                return address.host, sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    assert run_on(kind, work) == ("::1", True)


@pytest.mark.parametrize("kind", KINDS)
def test_full_backlog_costs_connect_and_no_more(kind):
    """A server that takes no connection is given up after timeouts.connect, as connection_timeout."""

    async def work(_transports):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            port = listening.getsockname()[1]
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            with pytest.raises(UpstreamUnreachable) as caught:
                await Reach().connect(server_at("127.0.0.1", port), 0.05)
            for filler in fillers:
                filler.close()
        return caught.value.error_type

    assert run_on(kind, work) == "connection_timeout"


def test_unknown_name_is_a_dns_error():
    """A name below `invalid` (RFC 6761 §6.4) has no address: dns_error, and the sentence says what to set."""

    async def work(_transports):
        with pytest.raises(UpstreamUnreachable, match="connect_to") as caught:
            await Reach().connect(server_at("cas02.invalid", 443), 20.0)
        return caught.value.error_type

    assert run_on("asyncio", work) in {"dns_error", "dns_timeout"}


@pytest.mark.parametrize(
    ("exc", "error_type"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection_refused"),
        (TimeoutError(), "connection_timeout"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection_terminated"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "destination_ip_unroutable"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "destination_ip_unroutable"),
        (OSError(errno.EMFILE, "Too many open files"), "proxy_internal_error"),
    ],
)
def test_each_failure_has_its_error_type(exc, error_type):
    """Failures of TCP are told apart by type and number, and each sentence names server and address."""
    with pytest.raises(UpstreamUnreachable, match=r"cas02, dialled at 127\.0\.0\.1:443, ") as caught:
        raise_for(server_at("127.0.0.1", 443), LOCAL, exc)

    assert (error_type, 503) == (caught.value.error_type, caught.value.status)


def test_ipv6_addresses_stand_in_brackets():
    """What was dialled can be copied into a command line."""
    address = Address(socket.AF_INET6, "::1", ("::1", 443, 0, 0))

    assert place(server_at("::1", 443), address) == "[::1]:443"
