"""Where a user is sent is built from the settings; of the request only the path is kept, and only where it helps."""

import pytest

from proxy.routing.link import read_link
from proxy.routing.onward import base_for, extend
from proxy.routing.outcome import Kind, Outcome
from proxy.routing.visit import read_visit

BASE = "https://other.example/owa"


@pytest.mark.parametrize(
    ("url", "target", "base"),
    [
        ("https://other.example/owa", b"/owa/x", "https://other.example/owa"),
        ("https://other.example/OWA/", b"/ecp/x", "https://other.example/ecp"),
        ("https://other.example:8443", b"/owa", "https://other.example:8443/owa"),
        ("https://other.example:8443", b"/ecp", "https://other.example:8443/ecp"),
        ("https://other.example/mail/owa", b"/owa", "https://other.example/mail/owa"),
        ("https://other.example/mail/owa", b"/ecp", "https://other.example/mail/ecp"),
        ("https://other.example/mail", b"/ecp", "https://other.example/ecp"),
    ],
)
def test_the_control_panel_is_next_to_outlook_web_app(url, target, base):
    """The path of the settings counts, without a slash at its end."""
    link = read_link(url)

    assert link is not None
    assert base_for(link, read_visit(b"GET", b"mail.example", target)) == base


@pytest.mark.parametrize(
    ("method", "target", "location"),
    [
        (b"GET", b"/owa", "/"),
        (b"GET", b"/owa/", "/"),
        (b"GET", b"/OWA/Calendar?secret=1", "/calendar"),
        (b"HEAD", b"/owa/a%20b/%22%3cx%3e%0", "/a%20b/%22%3Cx%3E%250"),
        (b"GET", b"/owa/%252e%252e/x", "/%252e%252e/x"),
        (b"GET", b"/owa/a@evil.example", "/a%40evil.example"),
        (b"GET", b"/owa/caf%c3%a9", "/caf%C3%A9"),
        (b"GET", b"/ecp/users", "/users"),
        (b"POST", b"/owa/ev.owa", "/"),
        (b"GET", b"/owa/auth", "/"),
        (b"GET", b"/owa/auth/logon.aspx?url=https://evil.example", "/"),
        (b"GET", b"/owa/auth.owa", "/"),
        (b"GET", b"/owa/logoff.owa", "/"),
        (b"GET", b"/owa/authors", "/authors"),
    ],
)
def test_the_rest_of_the_path_is_kept_where_it_helps(method, target, location):
    """Escaped anew, never the query, never a page of the sign-in, never of a request that acts."""
    outcome = Outcome(Kind.REDIRECT_SILENT, None, BASE, "", 0, ())

    assert extend(outcome, read_visit(method, b"mail.example", target)).location == BASE + location


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.REDIRECT_MANUAL, Kind.REDIRECT_SILENT}, key=str))
def test_everything_else_stays_the_same_object(kind):
    """So that it can be remembered."""
    outcome = Outcome(kind, None, BASE, "", 0, ())

    assert extend(outcome, read_visit(b"GET", b"mail.example", b"/owa/x")) is outcome
