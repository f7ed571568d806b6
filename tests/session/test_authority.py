"""Two authorities are one only when a browser would say so."""

import pytest

from proxy.session.authority import is_same_authority


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("mail.example", "mail.example"),
        ("MAIL.example", "mail.Example"),
        ("mail.example:443", "mail.example"),
        ("mail.example", "mail.example:443"),
        ("mail.example:8443", "mail.example:8443"),
        ("mail.example:08443", "mail.example:8443"),
        ("192.0.2.1", "192.0.2.1:443"),
        ("[::1]:8443", "[::1]:8443"),
    ],
)
def test_one_and_the_same(text: str, host: str) -> None:
    """Case and a spelled port 443 make no difference."""
    assert is_same_authority(text, host)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("", ""),
        ("", "mail.example"),
        ("mail.example", ""),
        ("mail.example:8443", "mail.example"),
        ("mail.example", "mail.example:8443"),
        ("mail.example.", "mail.example"),
        ("mail.example:", "mail.example"),
        ("mail.example:443:443", "mail.example"),
        ("mail.example@evil", "mail.example"),
        ("evil@mail.example", "mail.example"),
        ("evil.mail.example", "mail.example"),
        ("mail.example\n", "mail.example"),
        ("ma\u0131l.example", "mail.example"),
        ("ma\uff49l.example", "mail.example"),
        ("mail.example:\u0664\u0664\u0663", "mail.example"),
        ("\u212aail.example", "kail.example"),
        ("[::1]", "::1"),
        ("a/b", "a/b"),
    ],
)
def test_everything_else_is_another(text: str, host: str) -> None:
    """User info, other ports, other alphabets and what is no authority are never ours."""
    assert not is_same_authority(text, host)
