"""What connections work with is replaced as a whole."""

from dataclasses import FrozenInstanceError

import pytest

from proxy.relay.equipment import Holder
from tests.fakes import World, make_site


def test_a_holder_gives_what_is_in_force():
    """After a reload the next request finds the new equipment."""
    world = World()
    holder = Holder(world.equipment)
    after = world.equip(make_site(preserve_host=True), world.pools)
    holder.now = after

    assert holder.now is after


def test_equipment_does_not_change():
    """An exchange that has begun keeps what it began with."""
    with pytest.raises(FrozenInstanceError):
        World().equipment.detail = True
