"""Promises of what may be linked."""

import pytest

from proxy.pages.links import https_link, is_authority, origin_of


@pytest.mark.parametrize("host", ["mail.example", "MAIL", "127.0.0.1:8443", "[::1]:8443", "a-b.example:443"])
def test_hosts_may_follow_https(host):
    """Names and addresses, with a port or without."""
    assert is_authority(host)


@pytest.mark.parametrize("host", ["", "a b", "a@b", "a/b", "a:", ":80", "-a", "a%41", "x" * 262, "a\n", "ä.example"])
def test_what_is_no_host_may_not(host):
    """User names, percent signs, spaces and anything that ends the host early."""
    assert not is_authority(host)


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        ("https://mail.branch.example/owa", "https://mail.branch.example"),
        ("HTTPS://mail.branch.example:8443/owa/?a=b&c#d", "https://mail.branch.example:8443"),
        ("https://mail.branch.example?x", "https://mail.branch.example"),
        ("https://[::1]:1", "https://[::1]:1"),
    ],
)
def test_https_is_linked(location, origin):
    """A plain https address is linked as it is, and its origin is known."""
    assert (https_link(location), origin_of(location)) == (location, origin)


@pytest.mark.parametrize(
    "location",
    [
        *(
            "",
            "http://mail.example/",
            "//mail.example/",
            "javascript:alert(1)",
            "javascript://mail.example/%0aalert(1)",
        ),
        *(
            "https:mail.example",
            "https://",
            "https:///owa",
            "https://mail.example@evil.example/",
            "https://a\\@b.example",
        ),
        *(
            "https://mail.example/\u202emoc.live",
            "https://mail.example/a b",
            "https://mail.example/a\nb",
            " https://a/",
        ),
        *("https://a.example; script-src 'unsafe-inline'/", "https://mail.example\x00/"),
    ],
)
def test_nothing_else_is_linked(location):
    """Other schemes, user names, line breaks and text that hides what it is are no links."""
    assert (https_link(location), origin_of(location)) == ("", "")
