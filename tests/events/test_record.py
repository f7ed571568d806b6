"""Promises of the event value."""

import dataclasses

import pytest

from proxy.events.record import Event


def test_an_event_needs_only_its_number():
    """Everything but the number may be unknown."""
    event = Event(id=43)

    assert (event.parameters, event.code, event.port) == ((), None, 0)


def test_an_event_does_not_change():
    """What was handed to several sinks is the same for each of them."""
    event = Event(id=43)

    with pytest.raises(dataclasses.FrozenInstanceError):
        event.id = 44  # type: ignore[misc]  # the assignment is what is tested
