"""The tables of a site."""

from proxy.settings.keys import keys_of
from proxy.settings.schema import Limits, Timeouts
from proxy.settings.site_schema import RouteLimits, RouteTimeouts, SiteLimits, SiteTimeouts


def names(table):
    """List the keys of a table."""
    return {key.name for key in keys_of(table)}


def test_overrides_have_the_names_of_what_they_override():
    """A site's key is called like the one it replaces, a route's like the site's."""
    assert names(RouteTimeouts) < names(SiteTimeouts) < names(Timeouts)
    assert names(RouteLimits) < names(SiteLimits) < names(Limits)


def test_overrides_say_nothing_by_default():
    """None is neither 0 nor 1: the table above decides."""
    for table in (SiteTimeouts, SiteLimits, RouteTimeouts, RouteLimits):
        assert {key.default for key in keys_of(table)} == {None}


def test_what_is_settled_before_the_site_is_known_cannot_be_overridden():
    """No site can promise a handshake or head limit that was over before it was chosen."""
    assert not {"tls_handshake", "request_head", "drain"} & names(SiteTimeouts)
    assert not {"connections", "head_bytes", "target_bytes"} & names(SiteLimits)
