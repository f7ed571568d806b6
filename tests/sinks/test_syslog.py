"""Promises of the ways to a collector: a real rsyslog understands us, dead ones are tried again, false ones refused."""

import asyncio
import socket
import ssl
import struct
from dataclasses import replace

import pytest

from proxy.certkit.authority import Authority
from proxy.events.formats import Voice
from proxy.events.rfc5424 import Sender, to_rfc5424
from proxy.sinks.courier import Courier
from proxy.sinks.outbox import Outbox
from proxy.sinks.syslog import Collector, Datagrams, Stream, collector_context
from tests.events.test_facts import REFUSAL
from tests.handmade import HOSTILE
from tests.loopback import until
from tests.rsyslog import NAME, rsyslog

AT = 1_795_456_831.412
VOICE = Voice(first_server="CAS01")
AUTHORITY = Authority.create("Authority of collectors")


def wait(condition, complaint):
    """Wait for something outside of this thread."""
    asyncio.run(until(condition, complaint, 20.0))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """Run one rsyslog for all tests of the module."""
    with rsyslog(tmp_path_factory.mktemp("rsyslog"), AUTHORITY) as running:
        wait(running.is_ready, "rsyslog does not listen")
        yield running


def place_of(daemon, transport):
    """Make the way to the daemon."""
    collector = Collector(NAME if transport == "tls" else "127.0.0.1", daemon.port(transport))
    match transport:
        case "udp":
            return Datagrams(collector)
        case "tcp":
            return Stream(collector)
        case _:
            return Stream(collector, collector_context(daemon.ca_file.read_text()))


@pytest.mark.needs_rsyslog
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_rsyslog_understands_every_part(daemon, transport):
    """Header, facts and text arrive as they were meant, over each transport, in order, through a sink and its queue."""
    hostile = replace(REFUSAL, site=transport, parameters=("CAS01", HOSTILE), note='"]\\')

    def render(letter):
        return to_rfc5424(letter.event, letter.at, VOICE, letter.tally, Sender(3, 4711))

    outbox = Outbox(Courier(transport, place_of(daemon, transport), render))
    outbox.start()
    for event in (replace(REFUSAL, site=transport), hostile, replace(REFUSAL, site=transport, id=1043)):
        outbox.write(event, AT)
    outbox.close(AT)
    outbox.join(20.0)

    def arrived():
        return [each for each in daemon.understood() if f'site="{transport}"' in each["facts"]]

    wait(lambda: len(arrived()) >= 3, "messages do not arrive")
    first, second, third = arrived()
    assert (first["pri"], first["host"], first["app"], first["process"]) == ("28", "CAS01", "casproxy", "4711")
    assert (first["time"], first["id"], first["input"]) == ("2026-11-23T18:00:31.412Z", "43", transport)
    assert first["facts"].startswith("[casproxy@32473 ")
    assert first["text"].lstrip("\ufeff").startswith('Client Access server "CAS01" tried to proxy')
    assert (r'note="\"\]\\"' in second["facts"], "<script>" in second["text"]) == (True, True)
    assert third["id"] == "1043"
    assert (outbox.lost, outbox.trouble) == (0, "")


@pytest.mark.needs_rsyslog
def test_a_certificate_of_another_authority_or_name_is_refused(daemon):
    """Not one message goes to a collector that cannot prove who it is."""
    other = Authority.create("Another").certificate_pem.decode()
    port = daemon.port("tls")
    strangers = [
        Stream(Collector(NAME, port), collector_context(other)),
        Stream(Collector("127.0.0.1", port), collector_context(daemon.ca_file.read_text())),
    ]
    for stranger in strangers:
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.deliver(b"secret")


def test_authorities_that_cannot_be_read_are_an_error():
    """When the way is made, not with the first event."""
    with pytest.raises(ssl.SSLError):
        collector_context("no PEM")


def test_each_message_has_its_length_in_front():
    """So that a message with any bytes in it is one message."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(Collector(*server.getsockname()))
        stream.deliver(b"<134>1 one")
        stream.deliver("<134>1 zwölf".encode())
        stream.close()
        stream.close()
        accepted, _ = server.accept()
        with accepted:
            received = accepted.recv(1000)

    assert received == b"10 <134>1 one13 " + "<134>1 zwölf".encode()


def test_a_collector_that_closed_gets_the_next_message_over_a_new_connection():
    """A restart of the collector between two messages loses none, and what it says is thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(Collector(*server.getsockname()))
        stream.deliver(b"one")
        first, _ = server.accept()
        first.sendall(b"hello")
        stream.deliver(b"two")
        received = b""
        while len(received) < 10:
            received += first.recv(100)
        first.close()
        wait(lambda: _closed(stream), "the end does not arrive")
        stream.deliver(b"three")
        second, _ = server.accept()
        with second:
            again = second.recv(100)
        stream.close()

    assert (received, again) == (b"3 one3 two", b"5 three")


def test_a_connection_that_was_reset_is_made_anew():
    """A collector that crashed gets the next message over a new connection, too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(Collector(*server.getsockname()))
        stream.deliver(b"one")
        first, _ = server.accept()
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        stream.deliver(b"two")
        second, _ = server.accept()
        with second:
            again = second.recv(100)
        stream.close()

    assert again == b"3 two"


def _closed(stream):
    """Tell whether the other side's end has arrived, without taking anything from the socket."""
    try:
        return stream._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def test_a_collector_that_is_not_there_is_an_error_each_time():
    """Until somebody listens; then the message arrives."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    stream = Stream(Collector(*address))
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            stream.deliver(b"one")
    with socket.create_server(address) as server:
        stream.deliver(b"one")
        accepted, _ = server.accept()
        with accepted:
            received = accepted.recv(100)
    stream.close()

    assert received == b"3 one"


def test_a_collector_that_takes_nothing_is_given_up(monkeypatch):
    """After a time, so that it can be tried anew."""
    monkeypatch.setattr("proxy.sinks.syslog.SEND_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(Collector(*server.getsockname()))
        with pytest.raises(TimeoutError):
            stream.deliver(b"x" * 20_000_000)
        assert stream._socket is None


def test_a_datagram_that_was_refused_is_sent_again():
    """As soon as somebody listens; what was refused is an error until then, and none is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    place = Datagrams(Collector(*address))
    place.deliver(b"one")  # nobody listens, which UDP tells later
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            place.deliver(b"two")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(address)
        server.settimeout(10)
        place.deliver(b"two")
        place.deliver(b"three")
        received = [server.recv(100) for _ in range(3)]
    place.close()

    assert received == [b"one", b"two", b"three"]


def test_a_name_is_looked_up_anew_on_demand():
    """After `reopen` datagrams go on, each once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        place = Datagrams(Collector(*server.getsockname()))
        for record in (b"one", b"two", b"three"):
            place.deliver(record)
            place.reopen()
        received = [server.recv(100) for _ in range(3)]

    assert received == [b"one", b"two", b"three"]


def test_an_address_that_takes_no_datagrams_is_an_error():
    """Each time, with no socket left open."""
    place = Datagrams(Collector("255.255.255.255", 514))
    for _ in range(2):
        with pytest.raises(PermissionError):
            place.deliver(b"one")


def test_a_name_that_nobody_knows_is_an_error():
    """Over both kinds of sockets, and each time anew."""
    for place in (Datagrams(Collector("collector.invalid", 514)), Stream(Collector("collector.invalid", 514))):
        with pytest.raises(socket.gaierror):
            place.deliver(b"one")
        place.close()
