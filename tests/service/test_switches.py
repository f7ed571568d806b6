"""The switch as it was turned at run time."""

import pytest

from proxy.model.sites import Site, Topology, TrustPolicy
from proxy.service.switches import RUN_TIME, Switches

TOPOLOGY = Topology(
    first_server="CAS01",
    sites=(
        Site(name="HQ", servers=(), policy=TrustPolicy(allow_untrusted=True, source="trust")),
        Site(name="Branch", servers=(), policy=TrustPolicy(allow_untrusted=False, source="sites.Branch.trust")),
    ),
)


def read(switches: Switches) -> dict[str, tuple[bool, str]]:
    """Give what is in force where, and who said so."""
    return {site.name: (site.policy.allow_untrusted, site.policy.source) for site in switches.put_on(TOPOLOGY).sites}


def test_nothing_turned_leaves_the_settings():
    """The sites are the same objects."""
    assert Switches().put_on(TOPOLOGY) == TOPOLOGY


@pytest.mark.parametrize("name", ["Branch", "BRANCH"])
def test_a_site_is_turned_whatever_the_case(name):
    """It alone, and the source says that nobody wrote it down."""
    turned = Switches().turn(name, True)

    assert read(turned) == {"HQ": (True, "trust"), "Branch": (True, RUN_TIME)}
    assert turned.of(name) is True


def test_all_are_turned_and_what_was_turned_before_is_over():
    """Nobody asks for all and means all but one."""
    turned = Switches().turn("Branch", True).turn(None, False)

    assert read(turned) == {"HQ": (False, RUN_TIME), "Branch": (False, RUN_TIME)}


def test_a_site_may_differ_from_all():
    """It was turned after them."""
    turned = Switches().turn(None, False).turn("HQ", True)

    assert read(turned) == {"HQ": (True, RUN_TIME), "Branch": (False, RUN_TIME)}


@pytest.mark.parametrize("site", ["HQ", None])
def test_what_was_turned_is_taken_back(site):
    """The settings count again; for a site, or for all."""
    turned = Switches().turn("HQ", False).turn(site, None)

    assert turned.put_on(TOPOLOGY) == TOPOLOGY
