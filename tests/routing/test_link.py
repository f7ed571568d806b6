"""An address of the settings is read in one way, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.link import read_link, spell_authority


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://mail.example/owa", ("https", "mail.example", "/owa", "")),
        ("HTTPS://Mail.Example.:443/OWA/", ("https", "mail.example", "/OWA", "")),
        ("https://mail.example", ("https", "mail.example", "", "")),
        ("https://mail.example:8443/", ("https", "mail.example:8443", "", "")),
        ("https://[2001:DB8::1]:443/owa", ("https", "[2001:db8::1]", "/owa", "")),
        ("https://[::1]:8443/owa", ("https", "[::1]:8443", "/owa", "")),
        ("http://mail.example:80/owa", ("http", "mail.example", "/owa", "")),
        ("http://mail.example:443/owa", ("http", "mail.example:443", "/owa", "")),
        ("https://mail.example/owa?x=1#y", ("https", "mail.example", "/owa", "?x=1#y")),
        ("https://mail_1.example/a/b", ("https", "mail_1.example", "/a/b", "")),
    ],
)
def test_an_address_is_taken_apart(text, link):
    """Host and port in the spelling that is compared, the path as it stands."""
    assert read_link(text) == link


@pytest.mark.parametrize(
    "text",
    [
        "", "mail.example", "//mail.example/owa", "/owa", "ftp://mail.example/", "https://", "https:///owa",
        "https://user@mail.example/", "https://user:word@mail.example/", "https://mail.example:0/",
        "https://mail.example:65536/", "https://mail.example:/owa", "https://mail.example\\@evil.example/",
        "https://mail.example/o wa", "https://mail.example/owa\r\nX: y", " https://mail.example/", "https://./",
        "https://mail.exampl\u0435/", "https://mail.example/\u00e9", "https://\u017fmail.example/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_none(text):
    """No user name, no odd port, nothing that two readers could take for different hosts."""
    assert read_link(text) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("https://mail.example/owa", ""),
        ("http://mail.example/owa", "is not https"),
        ("https://mail.example/owa?a", "has a query or a fragment"),
        ("https://mail.example/owa#a", "has a query or a fragment"),
    ],
)
def test_browsers_are_sent_to_plain_https_only(text, fault):
    """Anything else has its fault named."""
    link = read_link(text)

    assert link is not None
    assert link.fault == fault


@pytest.mark.parametrize(
    "text", ["mail.example", "MAIL.example", "mail.example:443", "mail.example.", "mail.example.:0443", "mail.example:"]
)
def test_every_spelling_of_one_host_is_the_same(text):
    """The loop guard compares them."""
    assert spell_authority(text) == "mail.example"


def test_another_port_is_another_host():
    """Two sites may share a name and differ by port."""
    assert spell_authority("mail.example:8443") == "mail.example:8443"
    assert spell_authority("[::1]:0443") == "[::1]"


@given(st.text(max_size=40) | st.text(max_size=30).map("https://".__add__))
def test_whatever_stands_in_the_settings_the_origin_can_stand_in_a_header(text):
    """No text raises, and no origin holds a user name, a space or a line break."""
    link = read_link(text)
    if link is not None:
        assert link.origin.isascii()
        assert link.origin.isprintable()
        assert not set(link.origin[8:]) & set("@/\\ ?#")
        assert read_link(link.origin) == link._replace(path="", tail="")
