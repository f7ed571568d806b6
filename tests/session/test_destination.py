"""After the sign-in the browser goes to a place of ours, whoever wrote the link."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.destination import HOME, MAX_LENGTH, safe_destination

HOST = "mail.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", "/"),
        ("/owa/", "/owa/"),
        ("/owa", "/owa"),
        ("/owa/?ae=Item&t=IPM.Note&id=RgAA%2b%2fx%3d", "/owa/?ae=Item&t=IPM.Note&id=RgAA%2b%2fx%3d"),
        ("/owa/?url=https://evil.example//x", "/owa/?url=https://evil.example//x"),
        ("/owa/alice@lab.example/?cmd=new;x", "/owa/alice@lab.example/?cmd=new;x"),
        ("/owa/%20a%C3%A9", "/owa/%20a%C3%A9"),
        ("/owa/?q=100%", "/owa/?q=100%"),
        ("/owa/?a=\"<b>'\\`{|}^", "/owa/?a=%22%3Cb%3E%27%5C%60%7B%7C%7D%5E"),
        ("/owa/?", "/owa/?"),
        ("/owa/#top", "/owa/"),
        ("/owa//x", "/owa//x"),
        ("https://mail.example", "/"),
        ("https://mail.example/", "/"),
        ("HTTPS://MAIL.example:443/owa/?a#b", "/owa/?a"),
        ("https://mail.example?a", "/?a"),
        ("https://mail.example#a", "/"),
    ],
)
def test_places_of_ours_are_kept(text: str, expected: str) -> None:
    """Paths and own addresses become path and query, unchanged but for characters that need encoding."""
    assert safe_destination(text, HOST) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/owa/auth/logon.aspx", "/owa/auth/logon.aspx?url=/owa/&reason=1", "/OWA/Auth/Logon.ASPX", "/owa/auth",
        "/owa/auth/owaauth.dll", "/owa/auth.owa", "/owa/logoff.owa", "/owa/logoff%2Eowa", "/owa/logoff.owa/x",
        "/owa/auth/x", "/owa/%61uth/x", "/owa/logoff.owa.", "/owa/logoff.owa%20", "/ecp/logoff.owa",
        "https://mail.example/owa/auth/logoff.aspx", "/owa/alice@lab.example/logoff.owa?x#y",
    ],
)  # fmt: skip
def test_pages_that_sign_in_or_off_become_the_start_page(text: str) -> None:
    """Nobody is signed off, or asked again, by having signed in."""
    assert safe_destination(text, HOST) == HOME


HOSTILE = [
    "", " ", "owa/", "?x", "#x", "..", "evil.example", "mail.example/owa/",
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/owa\\..\\x",
    "https:evil.example", "https:/evil.example", "https:///evil.example", "https://", "https:",
    "https:\\\\evil.example",
    "https://evil.example/", "https://mail.example.evil.example/", "https://mail.example@evil.example/",
    "https://evil.example@mail.example/", "https://mail.example:evil@evil.example/", "https://mail.example\\@evil.example/",
    "https://mail.example:8443/", "https://mail.example:/", "https://mail.example:0443x/", "https://mail.example./",
    "https://mail.example//evil.example", "https://mail.example/\\evil.example", "https://mail.example\\evil",
    "http://mail.example/owa/", "ftp://mail.example/", "javascript:alert(1)", "JaVaScRiPt://mail.example/%0aalert(1)",
    "data:text/html,x", "vbscript:x", "blob:https://mail.example/x", "wss://mail.example/", " https://mail.example/",
    "/%2fevil.example", "/%2Fevil.example", "%2f%2fevil.example", "/%5cevil.example", "/%252fevil.example",
    "/%25252fevil.example", "/%2525252525252fx", "/owa/%255c", "/owa/%00", "/owa/%0d%0aSet-Cookie:x", "/owa/%250d%250a",
    "/owa/\r\nSet-Cookie: a=b", "/owa/\n", "\n/owa/", "/\t/evil.example", "/owa/\x00", "/owa/\x7f", "/owa/a b",
    "/owa/é", "/owa/\u2028", "/\u2215evil", "/\uff0fevil", "https://mail\u3002example/", "https://ma\u0131l.example/",
    "/.", "/..", "/./", "/..//evil.example", "/.//evil.example", "/owa/..%2fecp", "/owa/%2e%2e/ecp",
    "/owa/%252e%252e/ecp",
    "/owa/.../x", "/owa/..%20/x", "/owa/%20/x", "/owa;x=1/", "/owa/%3bx", "/owa/%u002f", "/owa/%",
    "/owa/%4", "/owa/%zz",
    "/owa/100%25",
    "/owa/%ff", "/autodiscover/autodiscover.json?@evil.example/owa/", "/Autodiscover/x", "/%61utodiscover/x",
    "/owa/" + "x" * MAX_LENGTH, "https://mail.example/" + "x" * MAX_LENGTH,
    "/owa/?" + "<" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_everything_else_is_no_destination(text: str) -> None:
    """What some browser or server could read as another place is refused, never repaired."""
    assert safe_destination(text, HOST) is None


def test_without_a_host_no_address_is_ours() -> None:
    """An empty host matches nothing, not even an empty authority."""
    assert safe_destination("https:///owa/", "") is None
    assert safe_destination("/owa/", "") == "/owa/"


@pytest.mark.parametrize("text", ["https://mail.example:8443/owa/", "https://MAIL.example:8443/owa/"])
def test_another_port_of_ours_is_ours(text: str) -> None:
    """The port counts as the browser used it."""
    assert safe_destination(text, "mail.example:8443") == "/owa/"
    assert safe_destination("https://mail.example/owa/", "mail.example:8443") is None


PIECES = st.sampled_from(
    ["/", "\\", "//", "https:", "http:", "HOST", "@", ":", "443", "%2f", "%5c", "%25", "%2e", ".", "..", "?", "#",
     "owa", "evil.example", "\t", "\r\n", "\x00", "é", "\uff0f", ";", "%0d%0a", "javascript:", "&", "=", "%u",
     "[::1]",
     "auth", " "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_no_text_leads_elsewhere(text: str) -> None:
    """Whatever comes out stays on the host for every reader, in one line, and is safe to take in again."""
    found = safe_destination(text.replace("HOST", HOST), HOST)
    if found is None:
        return

    assert re.fullmatch(r"/(?![/\\])[!-~]*", found)
    assert not set(found) & set("\"'<>\\#")
    there = urlsplit(urljoin(f"https://{HOST}/owa/auth.owa", found))
    assert (there.scheme, there.netloc) == ("https", HOST)
    assert safe_destination(found, HOST) == found
