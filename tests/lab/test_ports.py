"""The wished port, or a free one and a word about it."""

import socket

import pytest

from proxy.lab.ports import demand_port, find_port, listen_near
from proxy.lab.topology import LabMistake


def test_a_port_that_is_taken_is_replaced_and_told():
    """A second lab gets other ports and says so."""
    said = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listen_near(port, "server.admin", said.append) as sock:
            chosen = sock.getsockname()[1]

    assert chosen != port
    assert said == [f"server.admin: 127.0.0.1:{port} is in use; takes port {chosen} instead."]


def test_any_free_port_says_nothing():
    """Port 0 is a wish that is always met."""
    said = []

    assert find_port(0, "server.admin", said.append) > 0
    assert said == []


def test_a_port_that_people_type_is_never_replaced():
    """The refusal names key, address and cure."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabMistake, match=rf"^server\.listen: 127\.0\.0\.1:{port} is in use\. .*--port 0"):
            demand_port(port, "server.listen")

    demand_port(port, "server.listen")
