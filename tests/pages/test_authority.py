"""Promises of the page about the lab's authority."""

import html
import re

import pytest

from proxy.pages.authority import FILE, WAYS, AuthorityPages, AuthorityView

PAGES = AuthorityPages()
VIEW = AuthorityView(
    subject="casproxy lab authority", sha256="ab" * 32, not_after="2036-01-01T00:00:00Z", host="localhost:9643"
)
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "{url}", "\x1b[31m\r\n"]


def _text(view: AuthorityView) -> str:
    return PAGES.page(view).body.decode()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.system)
def test_every_way_is_told(way) -> None:
    """With the file's own address, and with how to undo it where something is kept."""
    text = html.unescape(_text(VIEW))

    assert way.system in text
    assert way.system == "curl" or way.undo
    assert way.steps.format(url="http://localhost:9643/ca.pem", file=FILE, name=VIEW.subject) in text


def test_the_fingerprint_is_written_as_viewers_do() -> None:
    """So that it can be compared by eye."""
    assert ":".join(["AB"] * 32) in _text(VIEW)


@pytest.mark.parametrize("host", [*HOSTILE, "", "a b", "localhost:9643/evil", "user@host", "$(reboot)", "x;reboot"])
def test_a_hostile_address_is_in_no_command(host) -> None:
    """What is no host is not shown: somebody copies these lines into a shell."""
    text = html.unescape(_text(AuthorityView(subject="x", sha256="", not_after="", host=host)))

    assert set(re.findall(r"http://\S+", text)) == {"http://127.0.0.1:9643/ca.pem"}


@pytest.mark.parametrize("subject", HOSTILE)
def test_a_hostile_name_is_text(subject) -> None:
    """Escaped and cleaned, never markup or a place to put something in."""
    text = _text(AuthorityView(subject=subject, sha256="", not_after="", host="localhost"))

    assert "<script" not in text
    assert "<img" not in text
    assert "\x1b" not in text
    assert "49" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_the_page_allows_nothing_but_its_style() -> None:
    """No script, no picture, no frame."""
    page = PAGES.page(VIEW)
    policy = dict(page.headers)["Content-Security-Policy"]

    assert page.content_type == "text/html; charset=utf-8"
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
