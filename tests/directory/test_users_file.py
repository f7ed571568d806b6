"""Promises of the users file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.faults import DirectoryInvalid
from proxy.directory.phc import Costs, Phc
from proxy.directory.users_file import Entry, parse_users, render_users
from proxy.model.accounts import Account, Mailbox

HASH = Phc(Costs(64, 1, 1), bytes(range(16)), bytes(range(32))).spell()

TEXT = rf"""
config_version = 1

[[users]]
name = "LAB\\alice"
upn = "alice@lab.example"
addresses = ["a.smith@mail.example"]
display = "Alice Smith"
groups = ["Staff", "Board"]
sid = "S-1-5-21-1-2-3-1105"
site = "Branch"
database = "DB01"
version = "14.3"
epoch = 2
password = "{HASH}"

[[users]]
name = "LAB\\bob"
"""

ALICE = Account(
    name="LAB\\alice",
    upn="alice@lab.example",
    addresses=("a.smith@mail.example",),
    display="Alice Smith",
    groups=("Staff", "Board"),
    sid="S-1-5-21-1-2-3-1105",
    mailbox=Mailbox(site="Branch", database="DB01", version="14.3"),
    epoch=2,
)
BOB = Account(name="LAB\\bob")

HEAD = "config_version = 1\n"
USER = '[[users]]\nname = "LAB\\\\alice"\n'

REFUSED = {
    "no TOML": (HEAD + 'x = "', ["users.toml:2: This is not TOML."]),
    "too deep": (HEAD + "x = " + "[" * 5000, ["users.toml: This is not TOML."]),
    "a huge number": (HEAD + "x = " + "1" * 5000, ["users.toml: This is not TOML."]),
    "no version": (USER, ["users.toml: config_version is missing. Write config_version = 1"]),
    "another version": ("config_version = 2\n", ["users.toml:1: This version reads"]),
    "true for 1": ("config_version = true\n", ["users.toml:1: This version reads"]),
    "unknown key above": (HEAD + "user = 1\n", ['users.toml:2: "user" is no key of a users file. Did you mean users?']),
    "unknown key": (
        HEAD + USER + "adresses = []\n",
        ['users.toml:4: "adresses" is no key of a user. Did you mean add'],
    ),
    "nothing alike": (HEAD + USER + "zzz = 1\n", ['users.toml:4: "zzz" is no key of a user. Known are: name, upn']),
    "users is a table": (HEAD + "[users]\nname = 1\n", ["users is not a list of tables. Write [[users]]."]),
    "a user is a text": (HEAD + 'users = ["alice"]\n', ["users.toml:2: users is not a list of tables."]),
    "no name": (HEAD + "[[users]]\n", ["users.toml:2: The user has no name."]),
    "a bad value": (HEAD + USER + "\nepoch = -1\n", ["users.toml:5: epoch: A whole number from 0 belongs here."]),
    "mailbox without a site": (
        HEAD + USER + 'database = "D"\n',
        ["users.toml:4: database says something of a mailbox"],
    ),
    "a clash": (
        HEAD + USER + '[[users]]\nname = "LAB\\\\eve"\nupn = "ALICE@LAB"\n',
        ['users.toml:6: The login "ALICE@LAB" of "LAB\\eve" is already one of "LAB\\alice". See line 2;'],
    ),
    "a clash of users written inline": (
        HEAD + 'users = [{name = "LAB\\\\a"}, {name = "lab\\\\A"}]\n',
        ['users.toml:2: "lab\\A" is already a login of "LAB\\a". See line 2; one of them must go.'],
    ),
    "everything at once": (
        USER + "epoch = -1\nadress = 1\n",
        ["users.toml: config_version is missing.", "users.toml:3: epoch:", 'users.toml:4: "adress"'],
    ),
}

WORD = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="@\\"), min_size=1, max_size=8)
ENTRIES = st.builds(
    lambda name, display, groups, site, number: Entry(
        Account(
            name=f"LAB\\{name}",
            addresses=(f"{name}@mail.example",),
            display=display,
            groups=tuple(groups),
            mailbox=Mailbox(site=site) if site else None,
            epoch=number,
        ),
        HASH if number % 2 else "",
    ),
    WORD,
    WORD,
    st.lists(WORD, max_size=3),
    WORD | st.just(""),
    st.integers(0, 2**53),
)


def test_a_file_is_read_with_all_its_keys():
    """Each key is where it belongs; without a site there is no mailbox."""
    assert parse_users(TEXT, "users.toml") == (Entry(ALICE, HASH), Entry(BOB, ""))


def test_a_file_without_users_is_empty():
    """A site may begin with nobody."""
    assert parse_users(HEAD, "users.toml") == ()


@pytest.mark.parametrize(("text", "wanted"), REFUSED.values(), ids=REFUSED)
def test_every_problem_is_told_with_line_and_cure(text, wanted):
    """All problems come at once, in the order of the file."""
    with pytest.raises(DirectoryInvalid) as raised:
        parse_users(text, "users.toml")

    told = str(raised.value).split("\n")
    assert len(told) == len(wanted)
    for line, part in zip(told, wanted, strict=True):
        assert part in line


@given(st.lists(ENTRIES, max_size=5))
def test_what_is_written_is_read(entries):
    """Writing and reading give the same users in the same order, or the same refusal."""
    try:
        read = parse_users(render_users(entries), "users.toml")
    except DirectoryInvalid as fault:
        refusals = ("one of", "already", "characters", "blank")
        assert any(word in str(fault) for word in refusals)  # noqa: PT017 - both ways are right
        return

    assert list(read) == entries


def test_writing_is_stable():
    """The same users give the same text."""
    text = render_users(parse_users(TEXT, "users.toml"))

    assert render_users(parse_users(text, "users.toml")) == text
    assert text == TEXT.removeprefix("\n")


@given(st.text(st.sampled_from("[]users=\"'\\\n# 1{},.$") | st.characters(exclude_categories=[])))
def test_no_text_is_a_defect(text):
    """A text is a list of users or DirectoryInvalid is raised."""
    try:
        parse_users(text, "users.toml")
    except DirectoryInvalid as fault:
        assert fault.problems  # noqa: PT017 - both ways are right


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        "password = 'hunter2",
        "password = hunter2",
        'password = ["hunter2"]',
        'password = "$argon2id$hunter2"',
    ],
)
def test_no_password_is_shown_in_an_error(line):
    """Neither text nor context of the error holds what stood there."""
    with pytest.raises(DirectoryInvalid) as raised:
        parse_users(HEAD + USER + line + "\n", "users.toml")

    fault = raised.value
    assert "hunter2" not in f"{fault} {fault!r} {fault.problems!r} {fault.__cause__!r}"
    assert fault.__suppress_context__ or fault.__context__ is None


def test_no_hash_is_shown_of_an_entry():
    """What is printed of an entry says whether there is one."""
    assert repr(Entry(ALICE, HASH)) == r"Entry('LAB\\alice', with password)"
    assert repr(Entry(BOB, "")) == r"Entry('LAB\\bob', without password)"
