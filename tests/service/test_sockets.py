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


def test_each_worker_has_a_socket_of_its_own():
    """On every address; the others' are there, too, for one of them may be gone."""
    server = ServerSettings(certificate="a.pem", listen=("127.0.0.1:0", "127.0.0.1:0"), admin="127.0.0.1:0")
    sockets = bind_all(server, 3)
    own = [sockets.own(number) for number in (1, 2, 3)]
    others = [sockets.others(number) for number in (1, 2, 3)]
    ports = [{each.getsockname()[1] for each in address} for address in sockets.https]
    sockets.close()

    assert [len(each) for each in ports] == [1, 1]
    assert len({id(each) for each in (*own[0], *own[1], *own[2])}) == 6
    assert [len(each) for each in others] == [4, 4, 4]
    assert not set(own[0]) & set(others[0])


def test_an_address_that_would_be_shared_is_refused():
    """Two proxies on one port would each get half of the browsers."""
    server = ServerSettings(certificate="a.pem", listen=("127.0.0.1:0",), admin="127.0.0.1:0")
    first = bind_all(server, 2)
    address = f"127.0.0.1:{first.https_addresses[0][1]}"
    again = ServerSettings(certificate="a.pem", listen=(address,), admin="127.0.0.1:0")
    try:
        with pytest.raises(CannotListen, match=f"server.listen: cannot listen on {address}"):
            bind_all(again, 2)
    finally:
        first.close()
