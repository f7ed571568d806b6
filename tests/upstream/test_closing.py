"""A body that lasts until the close is whole only after a close_notify."""

import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.upstream.closing import is_clean_end
from tests.fakes import FakeTransport


def shaken() -> tuple[ssl.SSLObject, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """Shake hands in memory; gives our side, the server's, and what each reads from."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(to_client, to_server)
    server = Authority.create("CA").issue("cas02").server_context().wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client, server, to_client, to_server


@pytest.mark.parametrize("notified", [True, False])
def test_on_stock_asyncio_the_tls_object_knows(notified):
    """There the transport tells of every end; only one with a close_notify before it is clean."""
    client, server, *_ = shaken()
    if notified:
        with pytest.raises(ssl.SSLWantReadError):
            server.unwrap()

    assert is_clean_end(FakeTransport(ssl_object=client)) is notified


def test_data_before_the_close_is_no_end():
    """Bytes that are still unread are not an end at all."""
    client, server, *_ = shaken()
    server.write(b"x")

    assert not is_clean_end(FakeTransport(ssl_object=client))


def test_an_object_that_broke_is_no_clean_end():
    """An error of OpenSSL is not taken for a close_notify."""
    client, _, to_client, _ = shaken()
    to_client.write(b"\x17\x03\x03\x00\x05wrong")

    assert not is_clean_end(FakeTransport(ssl_object=client))


@pytest.mark.parametrize("extra", [{}, {"ssl_object": object()}])
def test_other_engines_tell_of_clean_ends_only(extra):
    """Uvloop's and aiofastnet's call is the close_notify."""
    assert is_clean_end(FakeTransport(**extra))
