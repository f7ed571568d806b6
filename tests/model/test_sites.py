"""What the rest of the house reads off servers and policies."""

from dataclasses import replace

import pytest

from proxy.model.sites import CaMode, Site, TrustPolicy
from tests.fakes import make_server


@pytest.mark.parametrize(
    ("host", "port", "authority"),
    [
        ("cas02.branch.test", 443, "cas02.branch.test"),
        ("cas02.branch.test", 8443, "cas02.branch.test:8443"),
        ("2001:db8::2", 443, "[2001:db8::2]"),
        ("2001:db8::2", 8443, "[2001:db8::2]:8443"),
    ],
)
def test_authority_spells_host_and_port_as_host_does(host, port, authority):
    """Without https's port, IPv6 in brackets (RFC 9110 §7.2)."""
    assert make_server(host=host, port=port).authority == authority


@pytest.mark.parametrize(("allow", "name"), [(True, "allow"), (False, "enforce")])
def test_a_policy_has_a_word(allow, name):
    """1 is `allow`, 0 is `enforce`."""
    assert TrustPolicy(allow_untrusted=allow).name == name


def test_the_switch_that_nobody_set_is_1():
    """Absent means 1, as in Exchange 2010, with certifi's anchors joined by our files."""
    assert (TrustPolicy().allow_untrusted, TrustPolicy().ca_mode) == (True, CaMode.ADD)


def test_policies_of_two_generations_are_two_keys():
    """Pools are found by server and policy: a changed policy finds no old pool."""
    policy = TrustPolicy()
    pools = {(make_server(), policy): 1}

    assert (make_server(), replace(policy, generation=1)) not in pools
    assert (make_server(), TrustPolicy()) in pools


def test_a_site_is_proxied_to_and_claims_nothing_unless_said():
    """A bare site has no external address, no names, no paths and is not the default."""
    site = Site(name="Branch", servers=())

    assert (site.external_url, site.hosts, site.paths, site.default) == ("", (), (), False)


@pytest.mark.parametrize(("url", "plain"), [("https://a/owa", False), ("http://a/owa", True), ("HTTP://a", True)])
def test_a_server_without_tls_is_never_reachable(url, plain):
    """It stands in the settings, so that its users can be told; nothing is sent to it."""
    server = replace(make_server(), url=url)
    site = Site(name="Branch", servers=(server,))

    assert server.is_plain is plain
    assert site.reachable == (() if plain else (server,))
