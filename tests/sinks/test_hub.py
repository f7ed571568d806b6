"""Promises of the hub."""

from proxy.events.record import Event
from proxy.sinks.hub import Hub


class Notebook:
    """A sink that notes what it is asked to do."""

    def __init__(self):
        self.notes = []

    def write(self, event, at):
        """Note an event."""
        self.notes.append(("write", event.id, at))

    def tick(self, now):
        """Note the timer."""
        self.notes.append(("tick", now))

    def close(self, now):
        """Note the end."""
        self.notes.append(("close", now))


def test_every_sink_gets_every_event_with_the_same_time():
    """An event has one time, whoever writes it down."""
    times = iter([10.0, 20.0, 30.0])
    first, second = Notebook(), Notebook()
    hub = Hub([first, second], lambda: next(times))
    hub.emit(Event(id=43))
    hub.tick()
    hub.close()

    assert first.notes == second.notes == [("write", 43, 10.0), ("tick", 20.0), ("close", 30.0)]


def test_a_hub_without_sinks_swallows():
    """Nobody has to listen."""
    Hub([], lambda: 0.0).emit(Event(id=43))


def test_other_sinks_take_over():
    """An event goes to those that are there when it happens."""
    first, second = Notebook(), Notebook()
    hub = Hub([first], lambda: 0.0)
    hub.emit(Event(id=43))
    hub.adopt([second])
    hub.emit(Event(id=14))

    assert (first.notes, second.notes) == ([("write", 43, 0.0)], [("write", 14, 0.0)])
