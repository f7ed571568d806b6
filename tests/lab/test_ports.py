"""The wished port, or a free one and a word about it."""

import socket

from proxy.lab.ports import find_port, listen_near


def test_a_port_that_is_taken_is_replaced_and_told():
    """A second lab gets other ports and says so."""
    said = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listen_near(port, "the proxy", said.append) as sock:
            chosen = sock.getsockname()[1]

    assert chosen != port
    assert said == [f"Port {port} is in use; the proxy takes port {chosen} instead."]


def test_any_free_port_says_nothing():
    """Port 0 is a wish that is always met."""
    said = []

    assert find_port(0, "the proxy", said.append) > 0
    assert said == []
