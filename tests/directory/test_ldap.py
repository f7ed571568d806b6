"""Promises of asking an LDAP directory and reading its entries."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.ldap import (
    Attributes,
    BadEntry,
    Plan,
    escape_value,
    first_value,
    is_meant,
    make_filter,
    read_entry,
)
from proxy.model.accounts import Account

PLAN = Plan("LAB", "(objectClass=user)")
ANY = st.text(st.characters(exclude_categories=[]))
VALUE = r"(?:[A-Za-z0-9.\-_@:]|\\[0-9a-f]{2})+"
SHAPE = re.compile(
    rf"\(&\(objectClass=user\)\(\|(?:\((?:sAMAccountName|userPrincipalName|mail|proxyAddresses)={VALUE}\))+\)\)"
)

ENTRY = {
    "sAMAccountName": [b"alice"],
    "userPrincipalName": [b"alice@lab.example"],
    "mail": [b"Alice@lab.example"],
    "proxyAddresses": [b"SMTP:Alice@lab.example", b"smtp:a@lab.example", b"X400:c=DE", b"sip:alice@lab.example"],
    "displayName": ["Älice".encode()],
    "memberOf": [b"CN=Staff,OU=Groups,DC=lab", b"cn=Staff\\, Admins,DC=lab", b"CN=\\c3\\84rzte,DC=lab"],
    "extensionAttribute1": [b"Branch"],
    "homeMDB": [b"CN=DB01,CN=Databases,DC=lab"],
    "objectSid": [b"\1\1\0\0\0\0\0\5\x12\0\0\0"],
}


@pytest.mark.parametrize(
    ("login", "parts"),
    [
        ("LAB\\Alice", "(sAMAccountName=alice)"),
        ("alice", "(sAMAccountName=alice)"),
        (
            "alice@lab.example",
            "(userPrincipalName=alice@lab.example)(mail=alice@lab.example)(proxyAddresses=smtp:alice@lab.example)",
        ),
        ("a*)(uid=*", "(sAMAccountName=a\\2a\\29\\28uid\\3d\\2a)"),
        ("\u00e9ve", "(sAMAccountName=\\c3\\a9ve)"),
    ],
)
def test_a_login_becomes_a_filter(login, parts) -> None:
    """A name is looked for among names, an address among addresses, each letter only as itself."""
    assert make_filter(login, PLAN) == f"(&(objectClass=user)(|{parts}))"


@pytest.mark.parametrize("login", ["", "OTHER\\alice", "a\\b\\c", "ali\0ce", "alice@"])
def test_a_login_that_can_be_nobodys_is_not_asked_for(login) -> None:
    """No login, and one of a foreign domain."""
    assert make_filter(login, PLAN) is None


@given(ANY)
def test_no_login_changes_the_filter(login) -> None:
    """Whatever is typed: parentheses, stars and attributes of the filter are the plan's own."""
    wanted = make_filter(login, PLAN)

    assert wanted is None or SHAPE.fullmatch(wanted)


@given(st.text())
def test_an_escaped_value_means_the_text(text) -> None:
    """Taken back, it is the text; what RFC 4515 forbids in a value does not stand in it."""
    escaped = escape_value(text)
    octets = re.sub(rb"\\([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), escaped.encode())

    assert octets.decode() == text
    assert not set(escaped) & set("*()\0")
    assert escaped.isascii()


def test_an_entry_becomes_an_account() -> None:
    """Names of groups and of the database are the first part of theirs; a group that would be two is left out."""
    account = read_entry(ENTRY, PLAN)

    assert (account.name, account.upn, account.display) == ("LAB\\alice", "alice@lab.example", "Älice")
    assert account.addresses == ("Alice@lab.example", "a@lab.example")
    assert account.groups == ("Staff", "Ärzte")
    assert account.mailbox is not None
    assert (account.mailbox.site, account.mailbox.database, account.mailbox.version) == ("Branch", "DB01", "14")
    assert account.sid == "S-1-5-18"


@pytest.mark.parametrize(
    ("values", "sid"),
    [([b"S-1-5-18"], "S-1-5-18"), ([b"S-1-5-18"] * 2, ""), ([b"me"], ""), ([b"\1\1"], ""), ([b"\xff"], ""), ([], "")],
)
def test_a_security_identifier_may_be_text(values, sid) -> None:
    """What is none, and two of them, are left out."""
    assert read_entry(ENTRY | {"objectSid": values}, PLAN).sid == sid


def test_names_of_attributes_are_compared_without_case() -> None:
    """And a range that the server names behind a semicolon does not count."""
    account = read_entry({"SAMACCOUNTNAME": [b"alice"], "memberof;range=0-1499": [b"CN=Staff,DC=lab"]}, PLAN)

    assert (account.name, account.groups) == ("LAB\\alice", ("Staff",))


def test_other_attributes_can_be_named() -> None:
    """As a directory without Exchange has them; what is named nowhere is not looked for."""
    attributes = Attributes(
        name="uid",
        upn="",
        addresses=("mail",),
        display="cn",
        groups="",
        site="l",
        database="",
        version="street",
        sid="",
    )
    account = read_entry({"uid": [b"bob"], "l": [b"HQ"], "street": [b"8.3"]}, Plan("LAB", "(a=b)", attributes))

    assert attributes.wanted() == ["uid", "mail", "cn", "l", "street"]
    assert account.mailbox is not None
    assert (account.name, account.mailbox.site, account.mailbox.version) == ("LAB\\bob", "HQ", "8.3")


@pytest.mark.parametrize(
    "change",
    [
        {"userPrincipalName": [b"no address"]},
        {"mail": [b"\xff", b""]},
        {"displayName": [b"two\nlines"]},
        {"memberOf": [b"", b"CN=a\nb,DC=lab"]},
        {"extensionAttribute1": [b"HQ", b"Branch"]},
        {"homeMDB": [b"x" * 300]},
    ],
)
def test_what_cannot_be_used_is_left_out(change) -> None:
    """The user can sign in all the same; of two sites nobody chooses one."""
    assert read_entry({"sAMAccountName": [b"alice"], **change}, PLAN).name == "LAB\\alice"
    assert read_entry({"sAMAccountName": [b"alice"], **change}, PLAN).mailbox is None


@pytest.mark.parametrize("names", [[], [b"alice", b"bob"], [b""], [b"a\\b"], [b"a@b"], [b"a\nb"], [b"a" * 300]])
def test_an_entry_needs_one_name(names) -> None:
    """Without a name that can be used there is no account."""
    with pytest.raises(BadEntry):
        read_entry({"sAMAccountName": names}, PLAN)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("CN=Staff,DC=lab", "Staff"),
        ("CN=a\\2Cb,DC=lab", "a,b"),
        ("CN=a+SN=b,DC=lab", "a"),
        ("CN=,DC=lab", ""),
        ("Staff", "Staff"),
        ("CN=x\\", "x"),
    ],
)
def test_the_first_part_of_a_name(name, first) -> None:
    """Escapes are taken back; what is no distinguished name stays."""
    assert first_value(name) == first


@given(st.text())
def test_the_first_part_never_fails(name) -> None:
    """Whatever stands in the directory."""
    assert isinstance(first_value(name), str)


@pytest.mark.parametrize(
    ("login", "meant"),
    [
        ("LAB\\ALICE", True),
        ("alice", True),
        ("a@lab.test", True),
        ("a\uff20lab.test", True),
        ("LAB\\a", False),
        ("bob", False),
        ("b@lab.test", False),
    ],
)
def test_an_account_is_who_was_meant_or_not(login, meant) -> None:
    """By name or by address; an address is no canonical name."""
    assert is_meant(login, Account(name="LAB\\alice", addresses=("a@lab.test", "a@LAB")), PLAN) is meant
