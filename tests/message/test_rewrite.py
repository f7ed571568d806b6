"""What a backend calls itself becomes what the browser calls it, and nothing else changes."""

import pytest

from proxy.message.rewrite import Names, rewrite_cookie, rewrite_location

NAMES = Names(
    internal=(b"cas02.branch.corp.example", b"cas02.branch.corp.example:443"),
    external=b"mail.example:8443",
    internal_host="cas02.branch.corp.example",
    external_host="mail.example",
)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (b"https://cas02.branch.corp.example/owa/?a=%2f#x", b"https://mail.example:8443/owa/?a=%2f#x"),
        (b"https://CAS02.Branch.corp.example:443/", b"https://mail.example:8443/"),
        (b"HTTP://cas02.branch.corp.example/owa", b"https://mail.example:8443/owa"),
        (b"https://cas02.branch.corp.example", b"https://mail.example:8443"),
        (b"https://cas02.branch.corp.example?x", b"https://mail.example:8443?x"),
        (b"https://cas02.branch.corp.example#x", b"https://mail.example:8443#x"),
        (b"//cas02.branch.corp.example/owa", b"//mail.example:8443/owa"),
    ],
)
def test_the_backends_own_address_becomes_ours(sent, seen):
    """Scheme and authority alone; path, query and fragment stay byte for byte."""
    assert rewrite_location(sent, NAMES) == seen


@pytest.mark.parametrize(
    "value",
    [
        b"", b"/", b"/owa/", b"owa", b"../x", b"?x", b"#x",
        b"https://other.example/owa", b"https://cas02.branch.corp.example:444/", b"https://cas02.branch.corp.example.evil/",
        b"https://user@cas02.branch.corp.example/", b"https://evil.example/?u=https://cas02.branch.corp.example/",
        b"ftp://cas02.branch.corp.example/", b"/go?to=//cas02.branch.corp.example/", b"mailto:a@b", b"https:/x",
    ],
)  # fmt: skip
def test_other_addresses_and_relative_ones_are_untouched(value):
    """Another host, port or scheme is not ours to change; a relative reference is right as it is."""
    assert rewrite_location(value, NAMES) == value


@pytest.mark.parametrize(
    "domain", [b"cas02.branch.corp.example", b".branch.corp.example", b"CORP.example", b" .corp.example "]
)
def test_a_cookie_for_the_backends_domain_becomes_the_browser_names_alone(domain):
    """The backend's name and its parents mean nothing to the browser; everything else is kept as it was."""
    assert rewrite_cookie(b"a=b; Path=/owa;DOMAIN =" + domain + b"; Secure", NAMES) == b"a=b; Path=/owa; Secure"


@pytest.mark.parametrize(
    "value",
    [
        b"a=b", b"a=b; Path=/owa; HttpOnly; SameSite=Lax", b"domain=x; Path=/", b"a=b; Domain=mail.example",
        b"a=b; Domain=example", b"a=b; Domain=.other.test", b"a=b; Domain", b"a=b; XDomain=corp.example",
        b"a=b; Domain=ranch.corp.example", b"a=domain=corp.example; Path=/", b"a=b; Domain=\xff",
    ],
)  # fmt: skip
def test_other_cookies_are_untouched(value):
    """Domains that cover the browser's name too, that are somebody else's, or that only look like it."""
    assert rewrite_cookie(value, NAMES) == value
