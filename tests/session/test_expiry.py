"""Whoever has no session is shown the sign-in page or, where no page can be shown, told 440."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.expiry import Redirect, Timeout440, answer_without_session


@pytest.mark.parametrize(
    ("method", "target", "expired", "location"),
    [
        ("GET", "/owa/", False, "url=%2Fowa%2F&reason=0"),
        ("HEAD", "/owa/", True, "url=%2Fowa%2F&reason=3"),
        ("GET", "/owa/?ae=Item&id=a%2Bb&t=1", True, "url=%2Fowa%2F%3Fae%3DItem%26id%3Da%252Bb%26t%3D1&reason=3"),
        ("GET", "/owa/ev.owa?ns=x&oeh=1&y", False, "url=%2Fowa%2Fev.owa%3Fns%3Dx%26oeh%3D1%26y&reason=0"),
        ("GET", "/owa/alice@lab.example/", False, "url=%2Fowa%2Falice%40lab.example%2F&reason=0"),
        ("GET", "//evil.example/", False, "url=%2Fowa%2F&reason=0"),
        ("GET", "https://evil.example/owa/", False, "url=%2Fowa%2F&reason=0"),
        ("GET", "*", False, "url=%2Fowa%2F&reason=0"),
        ("GET", "/owa/auth/logon.aspx?url=%2f&reason=0", False, "url=%2Fowa%2F&reason=0"),
        ("GET", "/owa/?" + "x" * 5000, False, "url=%2Fowa%2F&reason=0"),
    ],
)
def test_pages_lead_to_the_sign_in_page_and_back(method: str, target: str, expired: bool, location: str) -> None:
    """The page is told where the user wanted to go, if that is a place of ours, and whether a session ran out."""
    assert answer_without_session(method, target, expired) == Redirect(f"/owa/auth/logon.aspx?{location}")


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/owa/ev.owa?oeh=1&ns=PendingRequest"),
        ("POST", "/owa/"),
        ("POST", "/owa/ev.owa?oeh=1&ns=x"),
        ("OPTIONS", "/owa/"),
        ("get", "/owa/"),
        ("PROPFIND", "/exchange/"),
    ],
)
def test_scripts_are_told_440(method: str, target: str, expired: bool) -> None:
    """A script would take the page for its data, and a body cannot be sent again."""
    assert answer_without_session(method, target, expired) == Timeout440(440)


@given(st.one_of(st.text(), st.text(alphabet="/\\%20dDaA\r\n\"'<>?#&=;").map("/owa/?".__add__)), st.booleans())
def test_no_target_leaves_its_field(target: str, expired: bool) -> None:
    """Whatever was asked for, the location is one line of plain ASCII with two fields, the first a path of ours."""
    answer = answer_without_session("GET", target, expired)
    if isinstance(answer, Timeout440):
        return

    assert answer.location.isascii()
    assert answer.location.isprintable()
    assert not set(answer.location) & set("\"'<> \\")
    fields = parse_qs(urlsplit(answer.location).query, strict_parsing=True)
    assert fields["reason"] == ["3" if expired else "0"]
    assert fields["url"][0].startswith("/")
    assert not fields["url"][0].startswith(("//", "/\\"))
