"""Which sites and servers there are."""

from dataclasses import replace

import pytest

from proxy.metrics.names import EVENTS, HANDSHAKES, NOT_AFTER, REQUESTS
from proxy.metrics.places import places_of
from proxy.model.sites import Topology
from tests.fakes import make_server, make_site

PLAIN = make_server(9, url="http://cas09.branch.test/owa", host="cas09.branch.test")
PLACES = places_of(Topology(first_server="CAS01", sites=(make_site(servers=2),)))
HERE, GONE = ("Branch", "cas02.branch.test"), ("Branch", "gone.test")


def test_places_are_those_of_the_settings():
    """Requests that came to no site have a place of their own; servers that get nothing have none."""
    topology = Topology(
        first_server="CAS01", sites=(make_site(servers=2), replace(make_site(), name="Plain", servers=(PLAIN,)))
    )
    places = places_of(topology)

    assert places.sites == {"", "Branch", "Plain"}
    assert places.servers == {HERE, ("Branch", "cas03.branch.test")}


@pytest.mark.parametrize(
    ("site", "server", "is_there"),
    [("Branch", "", True), (*HERE, True), (*GONE, False), ("", "", True), ("Gone", "", False), ("Gone", "x", False)],
)
def test_a_place_is_there_or_not(site, server, is_there):
    """Without a server the site counts."""
    assert PLACES.hold(site, server) is is_there


@pytest.mark.parametrize(
    ("name", "kept", "dropped"),
    [
        (REQUESTS, [("Branch", "GET", "200"), ("", "GET", "400")], [("Gone", "GET", "200")]),
        (HANDSHAKES, [(*HERE, "trusted")], [(*GONE, "trusted"), ("Gone", HERE[1], "trusted")]),
        (NOT_AFTER, [HERE], [GONE]),
        (EVENTS, [("43",), ("1043",)], []),
    ],
)
def test_what_is_about_others_is_dropped(name, kept, dropped):
    """By the labels that the table gives a metric."""
    series = dict.fromkeys([*kept, *dropped], 1)
    PLACES.prune(series, name)

    assert list(series) == kept
