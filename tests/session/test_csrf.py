"""Nobody signs a browser in from another site, and old scripts sign in as ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.csrf import NAME, Sender, Tokens, is_nonce, new_nonce, same_origin, set_cookie
from proxy.session.keys import KeyRing, new_key

HOST = "mail.example"
OURS = "https://mail.example"
TOKENS = Tokens(KeyRing.parse(new_key()))


@pytest.mark.parametrize(
    "sender",
    [
        Sender(),
        Sender(OURS),
        Sender("HTTPS://MAIL.example:443"),
        Sender(OURS, "", "same-origin"),
        Sender("", "", "same-origin"),
        Sender("", "", "none"),
        Sender("null", "", "same-origin"),
        Sender("null"),
        Sender("", "https://mail.example/owa/auth/logon.aspx?url=x"),
        Sender(OURS, "https://evil.example/", "same-origin"),
    ],
)
def test_our_own_page_and_the_silent_pass(sender: Sender) -> None:
    """The strongest sign counts; a referrer is looked at only where browsers say nothing better."""
    assert same_origin(sender._replace(host=HOST))


@pytest.mark.parametrize(
    "sender",
    [
        Sender("https://evil.example"),
        Sender("http://mail.example"),
        Sender("https://mail.example:8443"),
        Sender("https://mail.example.evil.example"),
        Sender("https://mail.example@evil.example"),
        Sender("https://evil.example, https://mail.example"),
        Sender("mail.example"),
        Sender("Null"),
        Sender(OURS, "", "cross-site"),
        Sender(OURS, "", "same-site"),
        Sender("", "", "cross-site"),
        Sender("", "", "SAME-ORIGIN"),
        Sender("null", "", "cross-site"),
        Sender("", "https://evil.example/owa/"),
        Sender("", "http://mail.example/owa/"),
        Sender("", "https://evil.example/https://mail.example/"),
        Sender("", "about:blank"),
    ],
)
def test_other_sites_are_refused_even_with_a_token(sender: Sender) -> None:
    """Neighbours under the same domain, other ports and what cannot be read are other sites."""
    nonce = new_nonce()

    assert not same_origin(sender._replace(host=HOST))
    assert not TOKENS.may_submit(sender._replace(host=HOST), TOKENS.token(nonce), nonce)


def test_a_token_belongs_to_one_browser() -> None:
    """It is good with its own nonce only, and as often as the page is sent."""
    mine, theirs = new_nonce(), new_nonce()
    sender = Sender("null", host=HOST)

    assert TOKENS.may_submit(sender, TOKENS.token(mine), mine)
    assert TOKENS.may_submit(sender, TOKENS.token(mine), mine)
    assert not TOKENS.may_submit(sender, TOKENS.token(theirs), mine)
    assert not TOKENS.may_submit(sender, TOKENS.token(mine), "")
    assert not TOKENS.check(TOKENS.token(""), "")


@pytest.mark.parametrize(
    ("sender", "may"),
    [
        (Sender(), True),
        (Sender(OURS), True),
        (Sender("", "https://mail.example/owa/"), True),
        (Sender("null", "", "same-origin"), True),
        (Sender("null"), False),
        (Sender("null", "", "none"), False),
    ],
)
def test_without_a_token(sender: Sender, may: bool) -> None:
    """Scripts send none; a page that hides where it comes from must have one."""
    assert TOKENS.may_submit(sender._replace(host=HOST), "", "") is may
    assert TOKENS.may_submit(sender._replace(host=HOST), "", new_nonce()) is may


def test_rotation_keeps_open_forms_good() -> None:
    """A form under a former key of the ring can be sent; one under a foreign key cannot."""
    old, nonce = new_key(), new_nonce()
    token = Tokens(KeyRing.parse(old)).token(nonce)

    assert Tokens(KeyRing.parse(f"{new_key()}\n{old}")).check(token, nonce)
    assert not TOKENS.check(token, nonce)


@given(st.text(), st.text())
def test_garbage_is_no_token(token: str, nonce: str) -> None:
    """Whatever is sent, nothing is raised and nothing is believed."""
    assert not TOKENS.check(token, nonce)
    assert not TOKENS.check(token, new_nonce())


def test_surrogates_are_no_token() -> None:
    """Text that cannot be encoded is refused like other garbage."""
    assert not TOKENS.check("\ud800", new_nonce())


def test_nonces_are_random_and_fit_a_cookie() -> None:
    """Each is new, is recognised and can be set."""
    first, second = new_nonce(), new_nonce()

    assert first != second
    assert is_nonce(first)
    assert not is_nonce(first + "\n")
    assert set_cookie(first) == f"{NAME}={first}; Path=/; Secure; HttpOnly; SameSite=Lax"
    with pytest.raises(ValueError, match="no value"):
        set_cookie("a; Domain=example")
