"""Promises of what entries are made of."""

import dataclasses

import pytest

from proxy.events.entry import FAILED, Level


def test_levels_are_those_of_the_windows_event_log():
    """Three words, spelled as the event log spells them."""
    assert [level.value for level in Level] == ["Information", "Warning", "Error"]


def test_a_kind_does_not_change():
    """Kinds are shared by many entries."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        FAILED.outcome = "success"  # type: ignore[misc]  # the assignment is what is tested
