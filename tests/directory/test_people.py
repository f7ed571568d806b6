"""Promises of finding accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.faults import DirectoryInvalid
from proxy.directory.people import Directory, find_clashes
from proxy.model.accounts import Account

ALICE = Account(name="LAB\\alice", upn="alice@lab.example", addresses=("a.smith@mail.example",), sid="S-1-5-21-1-1104")
BOB = Account(name="LAB\\bob", addresses=("bob@mail.example", "BOB@Mail.Example"))

SPELLINGS = ["LAB\\alice", "alice@lab", "alice", "alice@lab.example", "lab.example\\alice", "a.smith@mail.example"]

CLASHES = {
    "name": (Account(name="lab\\ALICE"), '"lab\\ALICE" is already a login of "LAB\\alice".'),
    "name of an address": (Account(name="mail.example\\a.smith"), "is already a login of"),
    "upn": (Account(name="LAB\\eve", upn="ALICE@lab.example"), 'The login "ALICE@lab.example" of "LAB\\eve"'),
    "addresses": (Account(name="LAB\\eve", addresses=("alice@lab",)), '"LAB\\eve" is already one of "LAB\\alice".'),
    "sid": (Account(name="LAB\\eve", sid="s-1-5-21-1-1104"), "The security identifier"),
}


@given(st.sampled_from(SPELLINGS), st.data())
def test_every_spelling_gives_the_same_account(spelling, data):
    """Name, UPN, addresses and the bare name, in any mix of cases, find one object."""
    directory = Directory([ALICE, BOB], "LAB")
    upper = data.draw(st.lists(st.booleans(), min_size=len(spelling), max_size=len(spelling)))
    typed = "".join(each.upper() if up else each.lower() for each, up in zip(spelling, upper, strict=True))

    assert directory.find(typed) is ALICE


@pytest.mark.parametrize(
    "typed", ["", "carol", "LAB\\carol", "OTHER\\alice", "S-1-5-21-1-1104", "a\0", "alice@lab@lab"]
)
def test_nobody_is_found_for_other_texts(typed):
    """Unknown names, other domains, identifiers and texts that are no login find nobody."""
    assert Directory([ALICE, BOB], "LAB").find(typed) is None


def test_without_a_default_domain_a_bare_name_is_nobody():
    """A name that could be of any domain is not guessed."""
    assert Directory([ALICE], "").find("alice") is None


@pytest.mark.parametrize(("other", "sentence"), CLASHES.values(), ids=CLASHES)
def test_two_accounts_with_one_login_are_an_error_that_names_both(other, sentence):
    """No login and no security identifier may mean two people."""
    with pytest.raises(DirectoryInvalid) as raised:
        Directory([ALICE, BOB, other], "LAB")

    assert sentence in str(raised.value)
    assert '"LAB\\alice"' in str(raised.value)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("account", [Account(name="alice"), Account(name=""), Account(name="LAB\\a", upn="a\0@b")])
def test_a_login_that_nobody_could_use_is_an_error(account):
    """Logins have a domain and can be typed."""
    with pytest.raises(DirectoryInvalid, match="is no login with a domain"):
        Directory([account], "LAB")


def test_an_account_does_not_clash_with_itself():
    """The same login may stand twice with one user."""
    same = Account(name="LAB\\alice", upn="alice@lab", addresses=("ALICE@lab", "alice@lab"))

    assert list(find_clashes([same])) == []


def test_a_name_is_found_whatever_its_case():
    """A session begun under another spelling of the canonical name stays with its user."""
    assert Directory([ALICE], "").named("lab\\Alice") is ALICE


def test_an_address_is_no_name():
    """Who is gone does not come back as the address of another."""
    heir = Account(name="LAB\\bob", addresses=("alice@lab",))

    assert Directory([heir], "LAB").find("LAB\\alice") is heir
    assert Directory([heir], "LAB").named("LAB\\alice") is None
