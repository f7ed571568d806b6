"""The copy of a path that is compared reads as the backend would read the original, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.routing.path import decode_once


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", "/"),
        (b"/OWA/", "/owa/"),
        (b"/owa?next=/../ecp", "/owa"),
        (b"/owa/..%2fecp", "/ecp"),
        (b"/owa/%2e%2e/ecp", "/ecp"),
        (b"/owa/%2E./ecp/", "/ecp/"),
        (b"/owa\\..\\ecp", "/ecp"),
        (b"/owa%5c..%5cecp", "/ecp"),
        (b"\\owa", "/owa"),
        (b"/owa/%u002e%u002e/ecp", "/ecp"),
        (b"/%u006Fwa", "/owa"),
        (b"/owa/%252e%252e/ecp", "/owa/%2e%2e/ecp"),
        (b"/%2565cp", "/%65cp"),
        (b"//owa///x", "/owa/x"),
        (b"/./owa/.", "/owa/"),
        (b"/owa/x/..", "/owa/"),
        (b"/owa/..", "/"),
        (b"/owa;v=1/x", "/owa;v=1/x"),
        (b"/owa/%3b", "/owa/;"),
        (b"/100%/%zz/%u12", "/100%/%zz/%u12"),
        (b"/caf%C3%A9", "/café"),
        (b"/caf%e9", "/café"),
        (b"/%ud83d%ude00", "/😀"),
        (b"/.hidden/a.b/...x", "/.hidden/a.b/...x"),
        (b"*", "*"),
    ],
)
def test_the_path_is_decoded_once(target, path):
    """Escapes once and never twice, backslashes, empty and dot segments; the query is no path."""
    assert decode_once(target) == path


@pytest.mark.parametrize(
    "target",
    [
        b"/..", b"/../owa", b"/owa/../..", b"/%2e%2e/owa", b"/..%5cowa", b"/./..", b"//..",
        b"/owa%00", b"/owa%0d%0a", b"/%u0000", b"/owa%7f", b"/owa%1b",
        b"/%c0%ae%c0%ae/ecp", b"/owa/..%c0%afecp", b"/%c1%9c", b"/%e0%80%af", b"/%f0%80%80%af",
        b"/%ud83d", b"/%ude00x",
        b"/owa/..;x/ecp", b"/owa/.;x", b"/owa/..%20/ecp", b"/owa/.%20./ecp", b"/owa/...", b"/owa/%2e%2e%3bx",
    ],
)  # fmt: skip
def test_what_two_servers_read_differently_is_refused(target):
    """Above the root, control characters, overlong UTF-8, half characters, dots in disguise: 400."""
    with pytest.raises(ClientFault) as caught:
        decode_once(target)

    assert caught.value.status == 400


PATHS = st.lists(
    st.sampled_from([b"/", b"\\", b".", b"..", b"%2e", b"%2f", b"%5C", b"%25", b"%u002f", b"%00", b";", b" ", b"owa",
                     b"%c0", b"%af", b"%ud800", b"?"]) | st.binary(max_size=3),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(PATHS)
def test_whatever_comes_a_path_is_plain_or_refused(target):
    """No input gives another exception, and no accepted path has a dot segment, a backslash or a control character."""
    try:
        path = decode_once(b"/" + target)
    except ClientFault:
        return
    assert path.startswith("/")
    assert not {".", ".."} & set(path.split("/"))
    assert "\\" not in path
    assert "//" not in path
    assert not any(character < " " or character == "\x7f" for character in path)
