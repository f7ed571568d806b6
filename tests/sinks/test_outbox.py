"""Promises of what is sent to files and collectors."""

import pytest

from proxy.events.formats import Voice
from proxy.events.record import Event
from proxy.sinks.courier import Courier
from proxy.sinks.outbox import Outbox
from proxy.sinks.renderers import RENDERERS

REFUSAL = Event(id=43, parameters=("CAS01", "cas02"), server="cas02", reason="expired")
START = Event(id=14, parameters=("CAS01",))


class Shelf:
    """A place that keeps what is delivered."""

    def __init__(self):
        self.letters = []
        self.calls = []

    def deliver(self, record):
        """Keep it."""

    def reopen(self):
        """Note it."""
        self.calls.append("reopen")

    def close(self):
        """Note it."""
        self.calls.append("close")


def sent(outbox, shelf):
    """End, and give what was delivered: number of the event, seconds, repeats, left out, number."""
    outbox.start()
    outbox.close(1000.0)
    outbox.join(10.0)
    return [(each.event.id, each.at, each.tally.repeats, each.tally.left_out, each.number) for each in shelf.letters]


@pytest.fixture
def shelf():
    """Give an empty shelf."""
    return Shelf()


def made(shelf, **look):
    """Make an outbox to a shelf."""

    def render(letter):
        shelf.letters.append(letter)
        return RENDERERS["json"](letter, Voice(first_server="CAS01"))

    return Outbox(Courier("shelf", shelf, render), **look)


def test_machines_get_every_record(shelf):
    """Each occurrence by itself, numbered."""
    outbox = made(shelf)
    for second in range(3):
        outbox.write(REFUSAL, float(second))

    assert sent(outbox, shelf) == [(43, 0.0, 0, 0, 1), (43, 1.0, 0, 0, 2), (43, 2.0, 0, 0, 3)]
    assert (outbox.name, outbox.lost, outbox.trouble, shelf.calls) == ("shelf", 0, "", ["close"])


def test_a_flood_is_bounded_and_counted(shelf):
    """What one second has too much stands in the next record, or in one that the timer or the end brings."""
    outbox = made(shelf, per_second=2)
    for at in (5.0, 5.0, 5.0, 5.0, 6.0, 6.0, 6.0):
        outbox.write(REFUSAL, at)
    outbox.tick(7.0)
    for _ in range(4):
        outbox.write(REFUSAL, 8.0)

    assert [left_out for _, _, _, left_out, _ in sent(outbox, shelf)] == [0, 0, 2, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("end", ["tick", "close"])
def test_with_a_period_repeats_are_held_back(shelf, end):
    """The first at once, then one summary with the exact number."""
    outbox = made(shelf, period=900.0)
    for second in range(8):
        outbox.write(REFUSAL, float(second))
    getattr(outbox, end)(900.0)

    assert sent(outbox, shelf) == [(43, 0.0, 0, 0, 1), (43, 900.0, 7, 0, 2)]


@pytest.mark.parametrize(("level", "ids"), [("info", [14, 43, 1001]), ("warning", [43, 1001]), ("error", [1001])])
def test_level_filters(shelf, level, ids):
    """What is less grave is not sent."""
    outbox = made(shelf, level=level)
    for event in (START, REFUSAL, Event(id=1001)):
        outbox.write(event, 0.0)

    assert [each[0] for each in sent(outbox, shelf)] == ids


def test_the_place_can_begin_anew(shelf):
    """A signal reaches it, also while nothing is sent."""
    outbox = made(shelf)
    outbox.reopen()
    sent(outbox, shelf)

    assert shelf.calls == ["reopen", "close"]
