"""Promises of reading logins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.logins import MAX_LOGIN, Login, fold, read_login

ALICE = Login("alice", "lab")

READ = {
    "LAB\\alice": ALICE,
    "lab\\ALICE": ALICE,
    "alice@LAB": ALICE,
    "alice": ALICE,
    "  Alice ": ALICE,
    "\uff21lice": ALICE,  # a wide A
    "lab\uff3calice": ALICE,  # a wide backslash
    "alice\uff20lab": ALICE,  # a wide @
    "alice@lab.example": Login("alice", "lab.example"),
    "Stra\u00dfe": Login("strasse", "lab"),
    "e\u0301ve": Login("\u00e9ve", "lab"),
    "alice smith": Login("alice smith", "lab"),
    "\u0130": Login("i\u0307", "lab"),
}

REFUSED = [
    "",
    "   ",
    "\\",
    "@",
    "LAB\\",
    "\\alice",
    "alice@",
    "@lab",
    "LAB\\alice@lab",
    "a\\b\\c",
    "a@b@c",
    "LAB\\ alice",
    "LAB \\alice",
    "ali\nce",
    "ali\0ce",
    "alice\t",
    "ali\u202ece",
    "ali\u2066ce",
    "ali\u200bce",
    "ali\u00adce",
    "ali\u00a0ce",
    "\ud800",
    "\ufffe",
    "a" * (MAX_LOGIN + 1),
    "\ufdfa" * 100,
]

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize("text", READ, ids=ascii)
def test_a_spelling_is_read_into_one_form(text):
    """Case, width and composition of letters do not count, nor do blanks around; a bare name has the default domain."""
    assert read_login(text, "LAB") == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:20]))
def test_what_can_be_no_login_is_refused(text):
    """Nothing, empty parts, two separators, control, format and bidirectional characters, and too much are None."""
    assert read_login(text, "LAB") is None


def test_a_bare_name_without_a_default_has_no_domain():
    """It is not guessed."""
    assert read_login("alice", "") == Login("alice", "")


@given(ANY, ANY)
def test_reading_never_raises(text, domain):
    """Any text of any characters is a login or none."""
    login = read_login(text, domain)

    assert login is None or login.user


@given(
    st.text(st.sampled_from("aAßİǆﬁ\uff11é\u0301\u0345ςΣ\u1fb3\\@ \u202e\ufdfaᾳK"), max_size=12),
    st.sampled_from(["", "LAB"]),
)
def test_what_was_read_can_be_read_again(text, domain):
    """Spelling a login out, either way and in any case, gives the same login."""
    login = read_login(text, domain)
    if login is None or not login.domain:
        return

    for again in (f"{login.domain}\\{login.user}", f"{login.user}@{login.domain}"):
        assert read_login(again, "elsewhere") == login
        assert read_login(again.upper(), "elsewhere") == login


@given(ANY)
def test_folding_twice_changes_nothing(text):
    """The folded form is final."""
    assert fold(fold(text)) == fold(text)
