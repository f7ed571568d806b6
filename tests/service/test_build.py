"""Settings become everything that an exchange works with."""

import pytest

from proxy.events.access import Way
from proxy.model.clock import Ticks
from proxy.model.limits import Limits
from proxy.model.sites import Topology, TrustPolicy
from proxy.service.build import Outlets, Plant, internal_authorities, request_ids
from proxy.settings.schema import Errors, Events, ServerSettings, Settings
from proxy.settings.schema import Timeouts as TimeoutSettings
from tests.fakes import make_server, make_site


def settings(**tables: object) -> Settings:
    """Make settings."""
    return Settings(server=ServerSettings(certificate="x"), **tables)


def plant() -> Plant:
    """Make a plant that dials nobody."""
    return Plant("CAS01", Outlets(emit=[].append, record_access=None), None, Ticks(0.0))


def equip(plant: Plant, *sites, **tables: object):
    """Equip it for sites."""
    return plant.equip(settings(**tables), Topology(first_server="CAS01", sites=sites), Limits())


# ── destinations ─────────────────────────────────────────────────────────────────────────────────


def test_every_server_becomes_a_destination_in_order():
    """With its pool, its `Host`, its own authorities, and what the access log says of it."""
    the_plant = plant()
    first, second = equip(the_plant, make_site(2)).destinations["Branch"]

    assert (first.server.host, second.server.host) == ("cas02.branch.test", "cas03.branch.test")
    assert (first.host, first.internal) == (
        b"cas02.branch.test",
        (b"cas02.branch.test:443", b"cas02.branch.test"),
    )
    assert first.pool is the_plant.pools.pool_of(make_server(2), TrustPolicy())
    assert first.pool is not second.pool
    assert first.way == Way("Branch", "cas02.branch.test", "allow", "default")


@pytest.mark.parametrize(("style", "label"), [("name", "cas02.branch.test"), ("url", "https://cas02.branch.test/owa")])
def test_events_name_servers_as_the_settings_say(style, label):
    """`events.server_name_style`: by host or by the whole InternalURL."""
    the_plant = plant()
    equipment = equip(the_plant, make_site(), events=Events(server_name_style=style))

    assert equipment.destinations["Branch"][0].label == label
    assert the_plant.dialer.name_of(make_server()) == label


@pytest.mark.parametrize(("detail", "told"), [("none", False), ("full", True)])
def test_detail_is_for_laboratories(detail, told):
    """`errors.detail`."""
    assert equip(plant(), errors=Errors(detail=detail)).detail is told


def test_what_holds_before_a_site_is_known_is_the_settings():
    """Times of `[timeouts]`, sizes as given."""
    equipment = equip(plant(), timeouts=TimeoutSettings(request_head=3.0))

    assert (equipment.timeouts.request_head, equipment.limits) == (3.0, Limits())
    assert equipment.first_server == equipment.label == "CAS01"


def test_a_reload_keeps_what_lives_as_long_as_the_process():
    """Readers, writers and ids go on; pools whose policy did not change, too; others are made anew."""
    the_plant = plant()
    before = equip(the_plant, make_site())
    kept = equip(the_plant, make_site(preserve_host=True))
    the_plant.pools.retire_unwanted()
    changed = equip(the_plant, make_site(policy=TrustPolicy(generation=1)))

    pools = [each.destinations["Branch"][0].pool for each in (before, kept, changed)]
    assert pools[0] is pools[1] is not pools[2]
    assert before.request_reader is changed.request_reader
    assert before.new_request_id is changed.new_request_id


# ── small parts ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("host", "port", "authorities"),
    [
        ("cas02.test", 443, (b"cas02.test:443", b"cas02.test")),
        ("cas02.test", 8443, (b"cas02.test:8443",)),
        ("2001:db8::2", 443, (b"[2001:db8::2]:443", b"[2001:db8::2]")),
        ("2001:db8::2", 8443, (b"[2001:db8::2]:8443",)),
    ],
)
def test_a_backend_may_spell_its_authority_in_these_ways(host, port, authorities):
    """With the port always, without it only when it is https's."""
    assert internal_authorities(make_server(host=host, port=port)) == authorities


def test_request_ids_are_unique_within_and_between_processes():
    """A random beginning and a counter; visible ASCII."""
    first, second = request_ids(), request_ids()
    ids = [first() for _ in range(1000)] + [second() for _ in range(1000)]

    assert len(set(ids)) == 2000
    assert all(len(each) == 16 and each.isalnum() for each in ids)
