"""Promises of the queue and its thread: whoever puts never waits, what is lost is counted, what waits arrives."""

import asyncio
import socket
import ssl
import threading

import pytest

from proxy.events.record import Event
from proxy.sinks.courier import Courier, back_off, explain
from proxy.sinks.renderers import Letter
from tests.loopback import until


class Road:
    """A place that can be blocked and broken."""

    def __init__(self):
        self.delivered = []
        self.attempts = 0
        self.faults = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.reopened = 0
        self.is_closed = False

    def deliver(self, record):
        """Wait while blocked, fail while broken, else keep it."""
        self.is_open.wait()
        self.attempts += 1
        if self.faults:
            raise self.faults[0]
        self.delivered.append(int(record))

    def reopen(self):
        """Count it, and be whole again."""
        self.reopened += 1
        self.faults = []

    def close(self):
        """Note it."""
        self.is_closed = True


@pytest.fixture
def road():
    """Give a free road; in the end nothing blocks it."""
    road = Road()
    yield road
    road.is_open.set()
    road.faults = []


def made(road, *, capacity=4, pause=lambda _: 0.001):
    """Make a courier that delivers numbers, and start it."""
    courier = Courier("road", road, lambda letter: b"%d" % letter.number, capacity=capacity, pause=pause)
    courier.start()
    return courier


def put(courier, *numbers):
    """Put numbers into the queue."""
    for number in numbers:
        courier.put(Letter(Event(id=43), 0.0, number=number))


def wait(condition, complaint):
    """Wait for something that another thread does."""
    asyncio.run(until(condition, complaint))


def test_records_arrive_in_order_and_the_end_waits_for_them(road):
    """What was put before the end is delivered, then the place is closed."""
    courier = made(road, capacity=100)
    put(courier, *range(50))
    courier.close()
    courier.join()

    assert road.delivered == list(range(50))
    assert (courier.lost, courier.trouble, road.is_closed) == (0, "", True)


def test_a_slow_place_costs_only_what_does_not_fit(road):
    """Putting returns at once; beyond the capacity records are lost and counted, the others arrive."""
    courier = made(road)
    road.is_open.clear()
    put(courier, *range(10))
    told = courier.trouble
    road.is_open.set()
    wait(lambda: not courier.waiting, "the queue is not emptied")
    courier.close()
    courier.join()

    assert (road.delivered, courier.lost) == ([0, 1, 2, 3], 6)
    assert (told, courier.trouble) == ("it takes records more slowly than they come", "")


def test_a_broken_place_is_tried_again_and_loses_nothing_that_fits(road):
    """The record that failed is brought again; how many failures there were in a row decides how long it waits."""
    failures = []

    def pause(number):
        failures.append(number)
        return 0.001

    courier = made(road, pause=pause)
    road.faults = [OSError(28, "No space left on device")]
    put(courier, *range(6))
    wait(lambda: road.attempts > 2, "it is not tried again")
    told = courier.trouble
    road.faults = []
    wait(lambda: not courier.trouble and not courier.waiting, "it does not recover")
    road.faults = [OSError(28, "No space left on device")]
    put(courier, 9)
    wait(lambda: courier.trouble, "the second trouble is not noticed")
    road.faults = []
    courier.join(0)
    courier.close()

    assert road.delivered[:4] == [0, 1, 2, 3]
    assert (told, courier.lost >= 2) == ("no space left on device", True)
    assert failures[:2] == [1, 2]
    assert 1 in failures[2:]


def test_the_end_does_not_wait_for_a_broken_place(road):
    """What it still owes is lost and counted."""
    courier = made(road, pause=lambda _: 3600.0)
    road.faults = [ConnectionRefusedError(111, "Connection refused")]
    put(courier, 1, 2, 3)
    wait(lambda: courier.trouble, "the failure is not noticed")
    courier.close()
    courier.join()

    assert (courier.lost, courier.waiting, road.is_closed) == (3, 0, True)


def test_the_end_does_not_wait_for_a_hanging_place(road):
    """Nor longer than it is told to; what comes after the end is lost as well."""
    courier = made(road)
    road.is_open.clear()
    put(courier, 1, 2, 3)
    courier.close()
    courier.join(0.01)
    put(courier, 4)

    assert (courier.lost, courier.waiting) == (4, 0)


def test_what_never_began_loses_what_it_was_given(road):
    """A courier that is not started ends, too."""
    courier = Courier("road", road, lambda _: b"1")
    put(courier, 1, 2)
    courier.close()
    courier.join()

    assert (courier.lost, road.delivered) == (2, [])


def test_reopening_tries_at_once(road):
    """Whoever has mended the place need not wait for the next attempt."""
    courier = made(road, pause=lambda _: 3600.0)
    road.faults = [OSError(5, "Input/output error")]
    put(courier, 1)
    wait(lambda: courier.trouble, "the failure is not noticed")
    courier.reopen()
    wait(lambda: road.delivered == [1], "it is not tried again")
    courier.reopen()
    wait(lambda: road.reopened == 2, "an idle one is not opened anew")
    courier.close()
    courier.join()

    assert courier.lost == 0


def test_the_pause_grows_and_ends_growing():
    """From a quarter of a second to half a minute, not the same for all."""
    assert all(0.25 <= back_off(1) <= 0.5 for _ in range(20))
    assert all(15.0 <= back_off(failures) <= 30.0 for failures in (7, 100, 10_000))
    assert len({back_off(50) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (TimeoutError("timed out"), "it did not answer in time"),
        (TimeoutError(110, "Connection timed out"), "it did not answer in time"),
        (socket.gaierror(-2, "Name or service not known"), "its name cannot be resolved"),
        (OSError(), "no reason is known"),
    ],
)
def test_a_failure_is_told_in_words(fault, sentence):
    """What an administrator can act on, not how a library spells it."""
    assert explain(fault) == sentence


def test_a_collector_that_speaks_no_tls_is_told():
    """As OpenSSL calls it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"no record of TLS\n")
        with pytest.raises(ssl.SSLError) as caught:
            ssl.create_default_context().wrap_socket(ours, server_hostname="logs.test")

    assert explain(caught.value) == "TLS failed: wrong version number"


def test_a_certificate_that_is_not_trusted_is_told():
    """With OpenSSL's own words for the reason."""
    fault = ssl.SSLCertVerificationError(1, "long")
    fault.verify_message = "self-signed certificate"

    assert explain(fault) == "its certificate is not trusted: self-signed certificate"
