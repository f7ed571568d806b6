"""Promises of the look at sinks."""

from dataclasses import dataclass

from proxy.sinks.lookout import Lookout


@dataclass
class Standing:
    """A sink as it stands."""

    name: str = "file a.log"
    lost: int = 0
    trouble: str = ""


def watched():
    """Give a sink, what is said of it as (number, note or records lost), and a look."""
    sink, told = Standing(), []
    lookout = Lookout("CAS01", lambda event: told.append((event.id, event.note or event.parameters[2])))
    return sink, told, lambda: lookout.look([sink])


def test_a_sink_that_works_is_not_spoken_of():
    """However often it is looked at."""
    _, told, look = watched()
    look()
    look()

    assert told == []


def test_trouble_is_told_once_and_its_end_with_the_loss():
    """One 1046 when it begins, one 1045 when it is over, with what was lost between."""
    sink, told, look = watched()
    sink.trouble = "no space left on device"
    look()
    sink.lost = 5
    look()
    sink.lost, sink.trouble = 12, ""
    look()
    look()

    assert told == [(1046, "No space left on device."), (1045, "12")]


def test_trouble_without_a_loss_ends_too():
    """What waited has arrived: nothing was lost, and that is told."""
    sink, told, look = watched()
    sink.trouble = "connection refused"
    look()
    sink.trouble = ""
    look()

    assert told[1:] == [(1045, "0")]


def test_a_loss_between_two_looks_is_told():
    """Trouble that came and went leaves its loss; later losses are told by themselves."""
    sink, told, look = watched()
    sink.lost = 3
    look()
    sink.lost = 4
    look()

    assert told == [(1045, "3"), (1045, "1")]


def test_each_sink_is_spoken_of_by_its_name():
    """Who reads the event knows which one; one that is forgotten begins anew."""
    events = []
    lookout = Lookout("CAS01", events.append)
    lookout.look([Standing(name="one", trouble="x"), Standing(name="two", lost=2)])
    lookout.forget(["one", "unknown"])
    lookout.look([Standing(name="one", trouble="x")])

    assert [(event.id, event.parameters) for event in events] == [
        (1046, ("CAS01", "one")),
        (1045, ("CAS01", "two", "2")),
        (1046, ("CAS01", "one")),
    ]
