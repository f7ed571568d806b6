"""Browsers through the handshake over real TLS: certificates, limits, time, and what is no TLS at all."""

import asyncio
import socket
import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.events.record import Event
from proxy.front.listener import Greeting, Listener, bind
from proxy.front.seats import EXTRA_SEATS, Seat, Seats
from proxy.front.sni import Certificates, arrange_certificates
from proxy.model.limits import Limits, Timeouts
from tests.loopback import KINDS, Recorder, client_context, exchange, run_on, until

PLAIN = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThis port speaks HTTPS.\n"
AUTHORITY = Authority.create("Front Root")
OWA = AUTHORITY.issue("owa.example").server_context()
MAIL = AUTHORITY.issue("mail.example", "*.mail.example").server_context()
SEVERAL = arrange_certificates([(["owa.example"], OWA), (["mail.example", "*.mail.example"], MAIL)])


class Browserside(Recorder):
    """A protocol that leaves its seat, and says in its answer whether the seat is an extra one."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(b"503" if seat.is_extra else b"200")
        self.seat = seat

    def data_received(self, data: bytes) -> None:
        """Answer and close."""
        super().data_received(data)
        assert self.transport is not None
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        super().connection_lost(exc)
        self.seat.leave()


class House:
    """A listener with everything it needs."""

    def __init__(self, transports, *, certificates=None, limits: Limits | None = None, seconds: float = 10.0) -> None:
        self.events: list[Event] = []
        loop = asyncio.get_running_loop()
        self.seats = Seats(limits or Limits(), self.events.append, loop.time, "CAS01")
        greeting = Greeting(certificates or Certificates(OWA), Timeouts(tls_handshake=seconds), PLAIN)
        self.listener = Listener(bind("127.0.0.1:0"), Browserside, self.seats, transports, greeting)

    async def __aenter__(self):
        """Listen."""
        self.listener.start()
        return self

    async def __aexit__(self, *_exc) -> None:
        """Close everything and see that no seat stays taken."""
        await self.listener.end()
        for seat in list(self.seats.occupied):
            if isinstance(seat.protocol, Browserside) and seat.protocol.transport is not None:
                seat.protocol.transport.abort()
        await until(lambda: not self.seats.occupied, "seats stay taken")

    async def ask(self, name: str = "owa.example", context: ssl.SSLContext | None = None) -> bytes:
        """Send a request over TLS."""
        context = context or client_context(AUTHORITY.certificate_pem)
        return await exchange(self.listener.address, b"GET / HTTP/1.1\r\n\r\n", context, name)


async def opened(address: tuple[str, int], first: bytes = b"") -> socket.socket:
    """Connect without TLS and send the first bytes."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    try:
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, first)
    except BaseException:
        sock.close()
        raise
    return sock


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_served(kind, version):
    """TLS 1.2 and 1.3 lead to the protocol, and the seat is free afterwards."""

    async def work(transports):
        async with House(transports) as house:
            context = client_context(AUTHORITY.certificate_pem)
            context.minimum_version = context.maximum_version = version
            return await house.ask(context=context), house.listener.failed_handshakes

    assert run_on(kind, work) == (b"200", 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["owa.example", "mail.example", "a.mail.example"])
def test_certificate_is_chosen_by_name(kind, name):
    """Each name gets its certificate, verified by the browser."""

    async def work(transports):
        async with House(transports, certificates=SEVERAL) as house:
            return await house.ask(name)

    assert run_on(kind, work) == b"200"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.1"])
def test_unknown_name_gets_the_default_certificate(kind, name):
    """A name nobody claims, and an address, which sends none, see the default certificate."""

    async def work(transports):
        async with House(transports, certificates=SEVERAL) as house:
            with pytest.raises(ssl.SSLCertVerificationError):
                await house.ask(name)
            return await house.ask(name, client_context())

    assert run_on(kind, work) == b"200"


@pytest.mark.parametrize("kind", KINDS)
def test_plain_http_gets_a_readable_answer(kind):
    """Plain HTTP on the TLS port is answered in words and closed; nothing is written to the log."""

    async def work(transports):
        async with House(transports) as house:
            answer = await exchange(house.listener.address, b"GET /owa HTTP/1.1\r\nHost: a\r\n\r\n")
            return answer, house.listener.plain_requests, house.events

    assert run_on(kind, work) == (PLAIN, 1, [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [b"\x00\x01\x02", b"\x16\x03\x01\x00\x05hello", b"\x16" * 600, b"\r\n\r\n"])
def test_garbage_ends_the_connection(kind, first):
    """What is neither TLS nor HTTP is closed without an answer in HTTP, and the seat is free again."""

    async def work(transports):
        async with House(transports, certificates=SEVERAL) as house:
            with await opened(house.listener.address, first) as sock:
                sock.shutdown(socket.SHUT_WR)
                try:
                    got = await asyncio.get_running_loop().sock_recv(sock, 1000)
                except ConnectionResetError:
                    got = b""
            await until(lambda: not house.seats.occupied, "the seat stays taken")
            return b"HTTP" in got

    assert run_on(kind, work) is False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
@pytest.mark.parametrize("certificates", [None, SEVERAL], ids=["one", "several"])
def test_silence_is_bounded_from_accept(kind, first, certificates):
    """A browser that says nothing, or stops in its ClientHello, is cut off after tls_handshake."""

    async def work(transports):
        async with House(transports, certificates=certificates, seconds=0.1) as house:
            with await opened(house.listener.address, first) as sock:
                try:
                    got = await asyncio.get_running_loop().sock_recv(sock, 1000)
                except ConnectionResetError:
                    got = b""
            await until(lambda: not house.seats.occupied, "the seat stays taken")
            return got, house.listener.failed_handshakes

    assert run_on(kind, work) == (b"", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_many_aborted_handshakes_leave_nothing(kind):
    """Three hundred browsers that vanish in the handshake leave no seat, no socket and no traceback."""

    async def work(transports):
        async with House(transports, limits=Limits(connections_per_client=1000)) as house:
            for _ in range(300):
                (await opened(house.listener.address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")).close()
            await until(lambda: house.listener.failed_handshakes == 300, "a handshake is not ended")

    run_on(kind, work)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_certificate_is_counted(kind):
    """A browser that does not trust our certificate is a failed handshake, not a defect."""

    async def work(transports):
        async with House(transports) as house:
            context = client_context(Authority.create("Elsewhere").certificate_pem)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises(ssl.SSLCertVerificationError):
                await house.ask(context=context)
            await until(lambda: house.listener.failed_handshakes == 1, "the failure is not counted")

    run_on(kind, work)


@pytest.mark.parametrize("kind", KINDS)
def test_over_the_limit_is_told_then_turned_away(kind):
    """Over the limit a browser hears 503 over TLS; beyond the extra seats it is closed; a freed seat serves again."""

    async def work(transports):
        async with House(transports, limits=Limits(connections=1)) as house:
            held = [await opened(house.listener.address)]
            await until(lambda: len(house.seats.occupied) == 1, "no seat is taken")
            told = await house.ask()
            await until(lambda: len(house.seats.occupied) == 1, "the extra seat stays taken")
            held += [await opened(house.listener.address) for _ in range(EXTRA_SEATS)]
            await until(lambda: len(house.seats.occupied) == EXTRA_SEATS + 1, "extra seats stay free")
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await house.ask()
            for sock in held:
                sock.close()
            await until(lambda: not house.seats.occupied, "seats stay taken")
            return told, house.listener.turned_away, await house.ask(), {event.id for event in house.events}

    assert run_on(kind, work) == (b"503", 1, b"200", {1014})


@pytest.mark.parametrize("kind", KINDS)
def test_close_refuses_new_and_keeps_old(kind):
    """After `close` nobody gets in, and a handshake under way is finished."""

    async def work(transports):
        async with House(transports) as house:
            address = house.listener.address
            with await opened(address):
                await until(lambda: len(house.seats.occupied) == 1, "no seat is taken")
                house.listener.close()
                house.listener.close()
                with pytest.raises(ConnectionRefusedError):
                    await opened(address)
                return len(house.seats.occupied)

    assert run_on(kind, work) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_reload_changes_the_certificate(kind):
    """A new greeting holds for the next connection."""

    async def work(transports):
        async with House(transports) as house:
            before = await house.ask()
            house.listener.greeting = Greeting(Certificates(MAIL), Timeouts(), PLAIN)
            return before, await house.ask("mail.example")

    assert run_on(kind, work) == (b"200", b"200")


@pytest.mark.parametrize("kind", KINDS)
def test_tickets_resume(kind):
    """A browser that comes back resumes its session with a ticket."""

    async def work(transports):
        async with House(transports) as house:
            address = house.listener.address
            return await asyncio.to_thread(_resumes, address)

    assert run_on(kind, work) is True


def _resumes(address: tuple[str, int]) -> bool:
    context = client_context()
    session = None
    for _ in range(2):
        with (
            socket.create_connection(address) as raw,
            context.wrap_socket(raw, server_hostname="owa.example", session=session) as sock,
        ):
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while sock.recv(1000):
                pass
            session = sock.session
            resumed = sock.session_reused
    return bool(resumed)


def test_many_handshakes_at_once():
    """Forty browsers at once are all served."""

    async def work(transports):
        async with House(transports) as house:
            return set(await asyncio.gather(*(house.ask() for _ in range(40))))

    assert run_on("aiofastnet", work) == {b"200"}


def test_defect_of_the_factory_is_told_and_frees_the_seat():
    """An exception where the protocol is made ends that connection alone, with an event."""

    async def work(transports):
        house = House(transports)
        house.listener._connect = _broken
        defects: list[dict] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: defects.append(context))
        async with house:
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await house.ask()
            await until(lambda: not house.seats.occupied, "the seat stays taken")
            house.listener._connect = Browserside
            return await house.ask(), [type(context["exception"]) for context in defects]

    assert run_on("uvloop", work) == (b"200", [ZeroDivisionError])


def _broken(_seat: Seat) -> asyncio.BaseProtocol:
    raise ZeroDivisionError
