"""Addresses, host names and URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.addresses import (
    Address,
    BadAddress,
    as_https,
    check_host,
    is_plain,
    parse_address,
    parse_https_url,
    parse_internal_url,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:8443", ("0.0.0.0", 8443)),
        ("[::]:8443", ("::", 8443)),
        ("[::1]:0", ("::1", 0)),
        ("LocalHost:65535", ("localhost", 65535)),
    ],
)
def test_addresses(text, expected):
    """Host and port, IPv6 in brackets, port 0 for any."""
    assert expected == parse_address(text)


@pytest.mark.parametrize(("text", "host"), [("cas02", "cas02"), ("[::1]", "::1")])
def test_address_without_a_port(text, host):
    """Where a port is implied it may be left out."""
    assert parse_address(text, 443) == (host, 443)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8443", '"0.0.0.0:8443"'),
        ("", "has no host"),
        (":8443", 'Write "0.0.0.0"'),
        ("a:", "has no port"),
        ("a:65536", "has no port"),
        ("a:-1", "has no port"),
        ("a:8 4", "has no port"),
        ("::1:8443", 'Write "[::1:8443]:8443"'),
        ("[::1", "is not an address"),
        ("[::1]8443", "has no port"),
        ("[127.0.0.1]:1", "is not an address"),
        ("1.2.3:80", "not a host name"),
        ("a b:80", "not a host name"),
        ("bücher.example:80", 'Write "xn--bcher-kva.example"'),
        ("a:٣", "has no port"),
    ],
)
def test_wrong_addresses(text, words):
    """Each mistake has its sentence, most a cure."""
    with pytest.raises(BadAddress) as caught:
        parse_address(text)

    assert words in f"{caught.value.sentence} {caught.value.suggestion}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://cas02.branch.example/owa", ("cas02.branch.example", 443)),
        ("https://CAS02:8443/OWA/", ("cas02", 8443)),
        ("https://cas02", ("cas02", 443)),
        ("https://[2001:DB8::1]/owa", ("2001:db8::1", 443)),
        ("https://192.0.2.1", ("192.0.2.1", 443)),
    ],
)
def test_internal_urls(text, expected):
    """An InternalURL gives host and port."""
    assert expected == parse_internal_url(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://cas02/owa", 'Write "https://cas02/owa"'),
        ("cas02/owa", 'Write "https://cas02/owa"'),
        ("", "is not an https URL"),
        ("ftp://cas02", "is not an https URL"),
        ("https:///owa", "is not an https URL"),
        ("https://cas02/ecp", 'Write "https://cas02/owa"'),
        ("https://cas02/owa?a=b", "query"),
        ("https://cas02/owa#", "fragment"),
        ("https://cas02:0/owa", "no port"),
        ("https://cas02:/owa", "no port"),
        ("https://cas02:99999/", "is not a URL"),
        ("https://[::1/owa", "is not a URL"),
        ("https://cas 02/owa", "holds a space"),
        ("https:\\\\cas02\\owa", "backslash"),
        ("https://*.example/owa", "not a host name"),
    ],
)
def test_wrong_urls(text, words):
    """Each mistake has its sentence, most a cure."""
    with pytest.raises(BadAddress) as caught:
        parse_internal_url(text)

    assert words in f"{caught.value.sentence} {caught.value.suggestion}"


@pytest.mark.parametrize("text", ["https://user:geheim@cas02/owa", "http://user:geheim@cas02", "user:geheim@cas02/owa"])
def test_passwords_in_urls_are_refused(text):
    """A URL with a user name is refused, whatever its scheme."""
    with pytest.raises(BadAddress) as caught:
        parse_internal_url(text)

    assert "geheim" not in caught.value.sentence + caught.value.suggestion


@pytest.mark.parametrize("read", [parse_address, check_host])
@pytest.mark.parametrize("text", ["https://user:geheim@cas02", "user:geheim@cas02:443", "geheim@cas02"])
def test_passwords_in_addresses_are_refused(read, text):
    """Nor are they shown where no URL belongs."""
    with pytest.raises(BadAddress) as caught:
        read(text)

    assert "geheim" not in caught.value.sentence + caught.value.suggestion


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("127.0.0.1", 1), ("127.0.0.1", 1), True),
        (("127.0.0.1", 1), ("0.0.0.0", 1), True),
        (("127.0.0.1", 1), ("::", 1), True),
        (("127.0.0.1", 1), ("127.0.0.2", 1), False),
        (("0.0.0.0", 1), ("::1", 1), False),
        (("127.0.0.1", 0), ("127.0.0.1", 0), False),
        (("127.0.0.1", 1), ("127.0.0.1", 2), False),
    ],
)
def test_overlap(one, other, expected):
    """Two listeners collide when a port would be claimed twice."""
    assert expected == Address(*one).overlaps(Address(*other)) == Address(*other).overlaps(Address(*one))


def test_loopback():
    """Only what is known to stay on this machine counts as loopback."""
    hosts = ["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "192.0.2.1", "cas01"]

    assert [Address(host, 1).is_loopback for host in hosts] == [True] * 4 + [False] * 4


@given(st.text() | st.from_regex(r"(https?://)?[a-z@:\[\]./?#%0-9-]{0,20}", fullmatch=True))
def test_any_text_is_an_address_or_told(text):
    """No text makes anything but an address or an explanation."""
    for read in (parse_address, parse_internal_url, parse_https_url, check_host):
        try:
            found = read(text)
        except BadAddress as fault:
            found = fault.sentence
        assert found


def test_an_https_url_may_have_any_path():
    """Other than an InternalURL; all else is as there."""
    assert parse_https_url("https://Legacy.example:8443/exchange/") == Address("legacy.example", 8443)
    assert parse_https_url("https://legacy.example") == Address("legacy.example", 443)
    for text in (
        "http://legacy.example/exchange",
        "https://a@b/",
        "https://a/?b",
        "https://",
        "/exchange",
        "https://a/ä",
    ):
        with pytest.raises(BadAddress):
            parse_https_url(text)


@pytest.mark.parametrize(
    ("text", "plain", "secure"),
    [
        ("http://a/owa", True, "https://a/owa"),
        ("HTTP://a:80", True, "https://a:80"),
        ("https://a/owa", False, "https://a/owa"),
        ("httpx://a", False, "httpx://a"),
    ],
)
def test_addresses_without_tls(text, plain, secure):
    """They are told apart by their scheme alone."""
    assert (is_plain(text), as_https(text)) == (plain, secure)
