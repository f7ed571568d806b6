"""A server is judged by its InternalURL, rule by rule, and the log names each rule it failed."""

from dataclasses import replace

import pytest

from proxy.routing.candidates import ABSOLUTE, CANDIDATE_RULES, FITS, judge
from tests.fakes import make_server, make_site

HTTPS, PATH, QUERY = (rule.name for rule in CANDIDATE_RULES)


@pytest.mark.parametrize(
    ("url", "failed"),
    [
        ("https://cas02.branch.test/owa", []),
        ("https://cas02.branch.test/OWA/", []),
        ("https://cas02.branch.test", []),
        ("https://[::1]:8443/owa", []),
        ("http://cas02.branch.test/owa", [(HTTPS, 42)]),
        ("https://cas02.branch.test/ecp", [(PATH, 38)]),
        ("https://cas02.branch.test/owa/x", [(PATH, 38)]),
        ("https://cas02.branch.test/owa?x", [(QUERY, 38)]),
        ("http://cas02.branch.test/x?y", [(HTTPS, 42), (PATH, 38), (QUERY, 38)]),
        ("cas02.branch.test", [(ABSOLUTE, 38)]),
        ("", [(ABSOLUTE, 38)]),
    ],
)
def test_each_failed_rule_is_one_step(url, failed):
    """With the number of its event and the server's address."""
    usable, log = judge(_site(url))

    assert usable is not bool(failed)
    assert [(step.rule, step.event) for step in log] == (failed or [(FITS, 0)])
    assert {step.candidate for step in log} == {url}


def test_one_server_that_fits_is_enough():
    """All are judged nevertheless, in their order."""
    usable, log = judge(_site("http://cas02.branch.test/owa", "https://cas03.branch.test/owa"))

    assert usable
    assert [step.rule for step in log] == [HTTPS, FITS]


def test_a_site_without_servers_has_no_candidate():
    """And nothing to log."""
    assert judge(_site()) == (False, ())


def _site(*urls):
    return replace(make_site(), servers=tuple(make_server(url=url) for url in urls))
