"""Every address is bound, or none."""

import socket

import pytest

from proxy.front.listener import CannotListen
from proxy.service.sockets import bind_all
from proxy.settings.schema import ServerSettings


def test_every_address_is_bound():
    """Ports that were left open are known, and browsers' sockets are told from the admin's."""
    sockets = bind_all(
        ServerSettings(
            certificate="a.pem",
            listen=("127.0.0.1:0", "127.0.0.1:0"),
            redirect_listen=("127.0.0.1:0",),
            admin="[::1]:0",
        )
    )
    ports = {*(port for _, port in sockets.https_addresses), sockets.admin_port}
    told = (len(sockets.https), len(list(sockets.browser_side())), len(ports))
    sockets.close()
    sockets.close()

    assert told == (2, 3, 3)
    assert all(each.fileno() == -1 for each in (*sockets.browser_side(), sockets.admin))


@pytest.mark.parametrize("key", ["listen", "redirect_listen", "admin"])
def test_one_that_is_taken_leaves_nothing_open(key):
    """The key is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as spare:
        free = spare.getsockname()[1]
        spare.close()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        wanted = {"listen": (f"127.0.0.1:{free}",), "redirect_listen": (), "admin": "127.0.0.1:0"}
        wanted[key] = address if key == "admin" else (*wanted[key], address)
        with pytest.raises(CannotListen, match=f"server.{key}: cannot listen on {address}"):
            bind_all(ServerSettings(certificate="a.pem", **wanted))

    socket.create_server(("127.0.0.1", free)).close()
