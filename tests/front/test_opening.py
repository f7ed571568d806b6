"""A look at the first bytes: nothing is taken from the socket, and no client makes it spin or wait for ever."""

import asyncio
import socket

import pytest

from proxy.front.opening import Kind, Opening, answer_plainly, look
from tests.loopback import KINDS, client_hello, run_on, until


def pair():
    """Make two connected TCP sockets that do not block: ours and the browser's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        browser = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    ours.setblocking(False)
    browser.setblocking(False)
    return ours, browser


class CountingSocket(socket.socket):
    """A socket that counts how often it is read."""

    reads = 0

    def recv(self, *arguments):
        """Count and read."""
        self.reads += 1
        return super().recv(*arguments)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"\x16", Kind.TLS),
        (b"GET / HTTP/1.1\r\n", Kind.PLAIN_HTTP),
        (b"p", Kind.PLAIN_HTTP),
        (b"\x00", Kind.OTHER),
        (b"\r\n", Kind.OTHER),
        (b"\xff", Kind.OTHER),
    ],
)
def test_first_byte_decides_and_stays(kind, first, expected):
    """TLS, plain HTTP and anything else are told apart by the first byte, which can still be read afterwards."""

    async def work(_transports):
        ours, browser = pair()
        with ours, browser:
            looking = asyncio.ensure_future(look(ours, wants_name=False))
            asyncio.get_running_loop().call_later(0.01, browser.send, first)
            return await looking, ours.recv(100)

    assert run_on(kind, work) == (Opening(expected), first)


@pytest.mark.parametrize("kind", KINDS)
def test_close_without_a_byte(kind):
    """A port scan that says nothing is no error."""

    async def work(_transports):
        ours, browser = pair()
        with ours:
            browser.close()
            return await look(ours, wants_name=True)

    assert run_on(kind, work) == Opening(Kind.NOTHING)


@pytest.mark.parametrize("kind", KINDS)
def test_name_in_pieces(kind):
    """A ClientHello that comes byte for byte is waited for without spinning, and stays in the socket."""
    data = client_hello("mail.example.com")

    async def work(_transports):
        loop = asyncio.get_running_loop()
        ours, browser = pair()
        with CountingSocket(fileno=ours.detach()) as ours, browser:
            ours.setblocking(False)
            browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            looking = asyncio.ensure_future(look(ours, wants_name=True))
            for start in range(0, len(data), 100):
                before = ours.reads
                await loop.sock_sendall(browser, data[start : start + 100])
                await until(lambda before=before: ours.reads > before, "the new bytes are not looked at")
            opening = await looking
            mark = ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
            return opening, ours.recv(len(data) + 1), mark

    assert run_on(kind, work) == (Opening(Kind.TLS, "mail.example.com"), data, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_hello_then_the_end(kind):
    """A browser that closes in its ClientHello gets the default certificate; OpenSSL sees the end itself."""

    async def work(_transports):
        ours, browser = pair()
        with ours:
            with browser:
                await asyncio.get_running_loop().sock_sendall(browser, client_hello("mail.example.com")[:50])
            return await look(ours, wants_name=True)

    assert run_on(kind, work) == Opening(Kind.TLS, "")


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_hello_then_silence_does_not_spin(kind):
    """While a browser is silent in its ClientHello, the socket does not count as readable."""

    async def work(_transports):
        loop = asyncio.get_running_loop()
        ours, browser = pair()
        with CountingSocket(fileno=ours.detach()) as ours, browser:
            ours.setblocking(False)
            await loop.sock_sendall(browser, client_hello("mail.example.com")[:50])
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await look(ours, wants_name=True)
            return ours.reads

    assert run_on(kind, work) <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_plain_answer_reaches_a_browser_that_is_still_sending(kind):
    """The answer is not reset away by bytes that came after it."""

    async def work(_transports):
        loop = asyncio.get_running_loop()
        ours, browser = pair()
        with browser:
            with ours:
                await loop.sock_sendall(browser, b"POST / HTTP/1.1\r\n" + b"x" * 30_000)
                answering = asyncio.ensure_future(answer_plainly(ours, b"HTTP/1.1 400 Bad Request\r\n\r\n"))
                got = await loop.sock_recv(browser, 1000)
                browser.shutdown(socket.SHUT_WR)
                await answering
            return got, await loop.sock_recv(browser, 1000)

    assert run_on(kind, work) == (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"")
